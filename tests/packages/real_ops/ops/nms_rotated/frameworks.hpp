// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <openvino/core/extension.hpp>
#include <openvino/frontend/onnx/extension/conversion.hpp>
#include <ovext/frameworks.hpp>

#include <string>
#include <vector>

#include "ops/nms_rotated/op.hpp"

namespace nms_rotated {

/// NmsRotated from a node of ONNX.
inline ov::OutputVector from_onnx(const ov::frontend::NodeContext& node) {
    Attributes attributes;
    [[maybe_unused]] const ovext::ModelAttributes model(node);
    model.read("iou_threshold", attributes.iou_threshold);
    model.read("score_threshold", attributes.score_threshold);
    return std::make_shared<NmsRotated>(model.inputs(2), attributes)->outputs();
}

/// What tells the front ends of OpenVINO how to read NmsRotated from models of frameworks.
inline std::vector<ov::Extension::Ptr> conversions() {
    return {
        std::make_shared<ov::frontend::onnx::ConversionExtension>("NMSRotated", "mmdeploy", from_onnx),
    };
}

}  // namespace nms_rotated
