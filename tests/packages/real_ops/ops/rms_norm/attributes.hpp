// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <openvino/core/attribute_visitor.hpp>
#include <openvino/core/node.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace rms_norm {

/// The attributes of RmsNorm.
struct Attributes {
    float epsilon = 1e-05f;

    void visit(ov::AttributeVisitor& visitor) {
        visitor.on_attribute("epsilon", epsilon);
    }

    /// Throws ov::NodeValidationFailure when one is out of its bounds.
    void check([[maybe_unused]] const ov::Node* op) const {
    }
};

}  // namespace rms_norm
