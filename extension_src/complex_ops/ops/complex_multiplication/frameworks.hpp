// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <openvino/core/extension.hpp>
#include <openvino/frontend/onnx/extension/conversion.hpp>
#include <ovext/frameworks.hpp>

#include <string>
#include <vector>

#include "ops/complex_multiplication/op.hpp"

namespace complex_multiplication {

/// ComplexMultiplication from a node of ONNX.
inline ov::OutputVector from_onnx(const ov::frontend::NodeContext& node) {
    Attributes attributes;
    [[maybe_unused]] const ovext::ModelAttributes model(node);
    model.read("is_conj", attributes.is_conj);
    return std::make_shared<ComplexMultiplication>(model.inputs(2), attributes)->outputs();
}

/// What tells the front ends of OpenVINO how to read ComplexMultiplication from models of frameworks.
inline std::vector<ov::Extension::Ptr> conversions() {
    return {
        std::make_shared<ov::frontend::onnx::ConversionExtension>("ComplexMultiplication", from_onnx),
    };
}

}  // namespace complex_multiplication
