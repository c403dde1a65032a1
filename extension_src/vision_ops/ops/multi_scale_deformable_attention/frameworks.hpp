// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <openvino/core/extension.hpp>
#include <openvino/frontend/onnx/extension/conversion.hpp>
#include <openvino/frontend/pytorch/extension/conversion.hpp>
#include <ovext/frameworks.hpp>

#include <string>
#include <vector>

#include "ops/multi_scale_deformable_attention/op.hpp"

namespace multi_scale_deformable_attention {

/// MultiScaleDeformableAttention from a node of ONNX.
inline ov::OutputVector from_onnx(const ov::frontend::NodeContext& node) {
    Attributes attributes;
    [[maybe_unused]] const ovext::ModelAttributes model(node);
    model.read("im2col_step", attributes.im2col_step);
    return std::make_shared<MultiScaleDeformableAttention>(model.inputs(5), attributes)->outputs();
}

/// MultiScaleDeformableAttention from a node of PyTorch.
inline ov::OutputVector from_pytorch(const ov::frontend::NodeContext& node) {
    Attributes attributes;
    [[maybe_unused]] const ovext::ModelAttributes model(node);
    model.read_argument(5, attributes.im2col_step);
    return std::make_shared<MultiScaleDeformableAttention>(model.first_inputs(5), attributes)->outputs();
}

/// What tells the front ends of OpenVINO how to read MultiScaleDeformableAttention from models of frameworks.
inline std::vector<ov::Extension::Ptr> conversions() {
    return {
        std::make_shared<ov::frontend::onnx::ConversionExtension>(
            "MMCVMultiScaleDeformableAttention",
            "mmdeploy",
            from_onnx),
        std::make_shared<ov::frontend::pytorch::ConversionExtension>("vision_ops::deformable_attention", from_pytorch),
        std::make_shared<ov::frontend::pytorch::ConversionExtension>(
            "vision_ops.deformable_attention.default",
            from_pytorch),
    };
}

}  // namespace multi_scale_deformable_attention
