// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <openvino/core/extension.hpp>
#include <openvino/frontend/onnx/extension/conversion.hpp>
#include <openvino/frontend/pytorch/extension/conversion.hpp>
#include <ovext/frameworks.hpp>

#include <string>
#include <vector>

#include "ops/rms_norm/op.hpp"

namespace rms_norm {

/// RMSNorm from a node of ONNX.
inline ov::OutputVector from_onnx(const ov::frontend::NodeContext& node) {
    Attributes attributes;
    [[maybe_unused]] const ovext::ModelAttributes model(node);
    model.read("epsilon", attributes.epsilon);
    model.read("axis", attributes.axis);
    return std::make_shared<RMSNorm>(model.inputs(2), attributes)->outputs();
}

/// RMSNorm from a node of PyTorch.
inline ov::OutputVector from_pytorch(const ov::frontend::NodeContext& node) {
    Attributes attributes;
    [[maybe_unused]] const ovext::ModelAttributes model(node);
    model.read_argument(2, attributes.epsilon);
    model.read_argument(3, attributes.axis);
    return std::make_shared<RMSNorm>(model.first_inputs(2), attributes)->outputs();
}

/// What tells the front ends of OpenVINO how to read RMSNorm from models of frameworks.
inline std::vector<ov::Extension::Ptr> conversions() {
    return {
        std::make_shared<ov::frontend::onnx::ConversionExtension>("RMSNormalization", from_onnx),
        std::make_shared<ov::frontend::pytorch::ConversionExtension>("llm_ops::rms_norm", from_pytorch),
        std::make_shared<ov::frontend::pytorch::ConversionExtension>("llm_ops.rms_norm.default", from_pytorch),
    };
}

}  // namespace rms_norm
