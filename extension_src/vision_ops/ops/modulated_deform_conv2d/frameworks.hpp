// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <openvino/core/extension.hpp>
#include <openvino/frontend/onnx/extension/conversion.hpp>
#include <openvino/frontend/pytorch/extension/conversion.hpp>
#include <ovext/frameworks.hpp>

#include <string>
#include <vector>

#include "ops/modulated_deform_conv2d/op.hpp"

namespace modulated_deform_conv2d {

/// ModulatedDeformConv2d from a node of ONNX.
inline ov::OutputVector from_onnx(const ov::frontend::NodeContext& node) {
    Attributes attributes;
    [[maybe_unused]] const ovext::ModelAttributes model(node);
    model.read("stride", attributes.stride);
    model.read("padding", attributes.padding);
    model.read("dilation", attributes.dilation);
    model.read("groups", attributes.groups);
    model.read("deform_groups", attributes.deform_groups);
    return std::make_shared<ModulatedDeformConv2d>(model.inputs(5, 4), attributes)->outputs();
}

/// ModulatedDeformConv2d from a node of PyTorch.
inline ov::OutputVector from_pytorch(const ov::frontend::NodeContext& node) {
    Attributes attributes;
    [[maybe_unused]] const ovext::ModelAttributes model(node);
    model.read_argument(5, attributes.stride);
    model.read_argument(6, attributes.padding);
    model.read_argument(7, attributes.dilation);
    model.read_argument(8, attributes.groups);
    model.read_argument(9, attributes.deform_groups);
    return std::make_shared<ModulatedDeformConv2d>(model.first_inputs(5, 4), attributes)->outputs();
}

/// What tells the front ends of OpenVINO how to read ModulatedDeformConv2d from models of frameworks.
inline std::vector<ov::Extension::Ptr> conversions() {
    return {
        std::make_shared<ov::frontend::onnx::ConversionExtension>("MMCVModulatedDeformConv2d", "mmdeploy", from_onnx),
        std::make_shared<ov::frontend::pytorch::ConversionExtension>(
            "vision_ops::modulated_deform_conv2d",
            from_pytorch),
        std::make_shared<ov::frontend::pytorch::ConversionExtension>(
            "vision_ops.modulated_deform_conv2d.default",
            from_pytorch),
    };
}

}  // namespace modulated_deform_conv2d
