// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <openvino/core/extension.hpp>
#include <openvino/frontend/onnx/extension/conversion.hpp>
#include <openvino/frontend/pytorch/extension/conversion.hpp>
#include <ovext/frameworks.hpp>

#include <string>
#include <vector>

#include "ops/snake/op.hpp"

namespace snake {

/// Snake from a node of ONNX.
inline ov::OutputVector from_onnx(const ov::frontend::NodeContext& node) {
    Attributes attributes;
    [[maybe_unused]] const ovext::ModelAttributes model(node);
    return std::make_shared<Snake>(model.inputs(2), attributes)->outputs();
}

/// Snake from a node of PyTorch.
inline ov::OutputVector from_pytorch(const ov::frontend::NodeContext& node) {
    Attributes attributes;
    [[maybe_unused]] const ovext::ModelAttributes model(node);
    return std::make_shared<Snake>(model.first_inputs(2), attributes)->outputs();
}

/// What tells the front ends of OpenVINO how to read Snake from models of frameworks.
inline std::vector<ov::Extension::Ptr> conversions() {
    return {
        std::make_shared<ov::frontend::onnx::ConversionExtension>("Snake", "llm_ops", from_onnx),
        std::make_shared<ov::frontend::pytorch::ConversionExtension>("llm_ops::snake", from_pytorch),
        std::make_shared<ov::frontend::pytorch::ConversionExtension>("llm_ops.snake.default", from_pytorch),
    };
}

}  // namespace snake
