// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <openvino/core/extension.hpp>
#include <vector>

#include "ops/custom_relu/op.hpp"

namespace custom_relu {

/// What tells the front ends of OpenVINO how to read CustomReLU from models of frameworks.
inline std::vector<ov::Extension::Ptr> conversions() {
    return {};
}

}  // namespace custom_relu
