// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <openvino/core/attribute_visitor.hpp>
#include <openvino/core/node.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace rms_norm {

/// The attributes of RMSNorm.
struct Attributes {
    float epsilon = 1e-05f;
    /// As models of ONNX have it: the last dimension.
    std::int64_t axis = -1;

    void visit(ov::AttributeVisitor& visitor) {
        visitor.on_attribute("epsilon", epsilon);
        visitor.on_attribute("axis", axis);
    }

    /// Throws ov::NodeValidationFailure when one is out of its bounds.
    void check(const ov::Node* op) const {
        NODE_VALIDATION_CHECK(op, axis >= -1, "axis is at least -1, not ", axis);
        NODE_VALIDATION_CHECK(op, axis <= -1, "axis is at most -1, not ", axis);
    }
};

}  // namespace rms_norm
