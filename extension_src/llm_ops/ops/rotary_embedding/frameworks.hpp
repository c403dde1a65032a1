// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <openvino/core/extension.hpp>
#include <openvino/frontend/onnx/extension/conversion.hpp>
#include <openvino/frontend/pytorch/extension/conversion.hpp>
#include <ovext/frameworks.hpp>

#include <string>
#include <vector>

#include "ops/rotary_embedding/op.hpp"

namespace rotary_embedding {

/// RotaryEmbedding from a node of ONNX.
inline ov::OutputVector from_onnx(const ov::frontend::NodeContext& node) {
    Attributes attributes;
    [[maybe_unused]] const ovext::ModelAttributes model(node);
    model.read("interleaved", attributes.interleaved);
    return std::make_shared<RotaryEmbedding>(model.inputs(3), attributes)->outputs();
}

/// RotaryEmbedding from a node of PyTorch.
inline ov::OutputVector from_pytorch(const ov::frontend::NodeContext& node) {
    Attributes attributes;
    [[maybe_unused]] const ovext::ModelAttributes model(node);
    model.read_argument(3, attributes.interleaved);
    return std::make_shared<RotaryEmbedding>(model.first_inputs(3), attributes)->outputs();
}

/// What tells the front ends of OpenVINO how to read RotaryEmbedding from models of frameworks.
inline std::vector<ov::Extension::Ptr> conversions() {
    return {
        std::make_shared<ov::frontend::onnx::ConversionExtension>("RotaryEmbedding", from_onnx),
        std::make_shared<ov::frontend::pytorch::ConversionExtension>("llm_ops::rotary_embedding", from_pytorch),
        std::make_shared<ov::frontend::pytorch::ConversionExtension>("llm_ops.rotary_embedding.default", from_pytorch),
    };
}

}  // namespace rotary_embedding
