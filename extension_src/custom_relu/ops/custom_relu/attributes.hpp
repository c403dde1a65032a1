// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <openvino/core/attribute_visitor.hpp>
#include <openvino/core/node.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace custom_relu {

/// The attributes of CustomReLU.
struct Attributes {
    /// The factor for elements that are not greater than zero.
    float negative_slope = 0.0f;

    void visit(ov::AttributeVisitor& visitor) {
        visitor.on_attribute("negative_slope", negative_slope);
    }

    /// Throws ov::NodeValidationFailure when one is out of its bounds.
    void check([[maybe_unused]] const ov::Node* op) const {
    }
};

}  // namespace custom_relu
