// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <openvino/core/extension.hpp>
#include <openvino/frontend/onnx/extension/conversion.hpp>
#include <ovext/frameworks.hpp>

#include <string>
#include <vector>

#include "ops/rms_norm/op.hpp"

namespace rms_norm {

/// RmsNorm from a node of ONNX.
inline ov::OutputVector from_onnx(const ov::frontend::NodeContext& node) {
    Attributes attributes;
    [[maybe_unused]] const ovext::ModelAttributes model(node);
    model.read("epsilon", attributes.epsilon);
    return std::make_shared<RmsNorm>(model.inputs(2), attributes)->outputs();
}

/// What tells the front ends of OpenVINO how to read RmsNorm from models of frameworks.
inline std::vector<ov::Extension::Ptr> conversions() {
    return {
        std::make_shared<ov::frontend::onnx::ConversionExtension>("RMSNorm", "my_llm", from_onnx),
    };
}

}  // namespace rms_norm
