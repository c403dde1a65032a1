// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <openvino/core/attribute_visitor.hpp>
#include <openvino/core/node.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace group_norm_silu {

/// The attributes of GroupNormSiLU.
struct Attributes {
    std::int64_t groups = 32;
    float epsilon = 1e-05f;

    void visit(ov::AttributeVisitor& visitor) {
        visitor.on_attribute("groups", groups);
        visitor.on_attribute("epsilon", epsilon);
    }

    /// Throws ov::NodeValidationFailure when one is out of its bounds.
    void check(const ov::Node* op) const {
        NODE_VALIDATION_CHECK(op, groups >= 1, "groups is at least 1, not ", groups);
        NODE_VALIDATION_CHECK(op, epsilon >= 0.0f, "epsilon is at least 0, not ", epsilon);
    }
};

}  // namespace group_norm_silu
