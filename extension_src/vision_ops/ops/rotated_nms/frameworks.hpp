// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <openvino/core/extension.hpp>
#include <openvino/frontend/onnx/extension/conversion.hpp>
#include <openvino/frontend/pytorch/extension/conversion.hpp>
#include <ovext/frameworks.hpp>

#include <string>
#include <vector>

#include "ops/rotated_nms/op.hpp"

namespace rotated_nms {

/// RotatedNMS from a node of ONNX.
inline ov::OutputVector from_onnx(const ov::frontend::NodeContext& node) {
    Attributes attributes;
    [[maybe_unused]] const ovext::ModelAttributes model(node);
    model.read("iou_threshold", attributes.iou_threshold);
    model.read("score_threshold", attributes.score_threshold);
    return std::make_shared<RotatedNMS>(model.inputs(2), attributes)->outputs();
}

/// RotatedNMS from a node of PyTorch.
inline ov::OutputVector from_pytorch(const ov::frontend::NodeContext& node) {
    Attributes attributes;
    [[maybe_unused]] const ovext::ModelAttributes model(node);
    model.read_argument(2, attributes.iou_threshold);
    model.read_argument(3, attributes.score_threshold);
    return std::make_shared<RotatedNMS>(model.first_inputs(2), attributes)->outputs();
}

/// What tells the front ends of OpenVINO how to read RotatedNMS from models of frameworks.
inline std::vector<ov::Extension::Ptr> conversions() {
    return {
        std::make_shared<ov::frontend::onnx::ConversionExtension>("NMSRotated", "mmdeploy", from_onnx),
        std::make_shared<ov::frontend::pytorch::ConversionExtension>("vision_ops::nms_rotated", from_pytorch),
        std::make_shared<ov::frontend::pytorch::ConversionExtension>("vision_ops.nms_rotated.default", from_pytorch),
    };
}

}  // namespace rotated_nms
