// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <openvino/core/extension.hpp>
#include <openvino/frontend/onnx/extension/conversion.hpp>
#include <openvino/frontend/pytorch/extension/conversion.hpp>
#include <ovext/frameworks.hpp>

#include <string>
#include <vector>

#include "ops/rotated_roi_align/op.hpp"

namespace rotated_roi_align {

/// RotatedRoIAlign from a node of ONNX.
inline ov::OutputVector from_onnx(const ov::frontend::NodeContext& node) {
    Attributes attributes;
    [[maybe_unused]] const ovext::ModelAttributes model(node);
    model.read("output_height", attributes.output_height);
    model.read("output_width", attributes.output_width);
    model.read("spatial_scale", attributes.spatial_scale);
    model.read("sampling_ratio", attributes.sampling_ratio);
    model.read("aligned", attributes.aligned);
    model.read("clockwise", attributes.clockwise);
    return std::make_shared<RotatedRoIAlign>(model.inputs(2), attributes)->outputs();
}

/// RotatedRoIAlign from a node of PyTorch.
inline ov::OutputVector from_pytorch(const ov::frontend::NodeContext& node) {
    Attributes attributes;
    [[maybe_unused]] const ovext::ModelAttributes model(node);
    model.read_argument(2, attributes.output_height);
    model.read_argument(3, attributes.output_width);
    model.read_argument(4, attributes.spatial_scale);
    model.read_argument(5, attributes.sampling_ratio);
    model.read_argument(6, attributes.aligned);
    model.read_argument(7, attributes.clockwise);
    return std::make_shared<RotatedRoIAlign>(model.first_inputs(2), attributes)->outputs();
}

/// What tells the front ends of OpenVINO how to read RotatedRoIAlign from models of frameworks.
inline std::vector<ov::Extension::Ptr> conversions() {
    return {
        std::make_shared<ov::frontend::onnx::ConversionExtension>("MMCVRoIAlignRotated", "mmdeploy", from_onnx),
        std::make_shared<ov::frontend::pytorch::ConversionExtension>("vision_ops::roi_align_rotated", from_pytorch),
        std::make_shared<ov::frontend::pytorch::ConversionExtension>(
            "vision_ops.roi_align_rotated.default",
            from_pytorch),
    };
}

}  // namespace rotated_roi_align
