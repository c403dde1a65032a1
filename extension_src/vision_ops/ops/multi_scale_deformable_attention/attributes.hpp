// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <openvino/core/attribute_visitor.hpp>
#include <openvino/core/node.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace multi_scale_deformable_attention {

/// The attributes of MultiScaleDeformableAttention.
struct Attributes {
    /// Models have it; it changes nothing.
    std::int64_t im2col_step = 64;

    void visit(ov::AttributeVisitor& visitor) {
        visitor.on_attribute("im2col_step", im2col_step);
    }

    /// Throws ov::NodeValidationFailure when one is out of its bounds.
    void check([[maybe_unused]] const ov::Node* op) const {
    }
};

}  // namespace multi_scale_deformable_attention
