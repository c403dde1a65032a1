// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <openvino/core/attribute_visitor.hpp>
#include <openvino/core/node.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace complex_multiplication {

/// The attributes of ComplexMultiplication.
struct Attributes {
    bool is_conj = false;

    void visit(ov::AttributeVisitor& visitor) {
        visitor.on_attribute("is_conj", is_conj);
    }

    /// Throws ov::NodeValidationFailure when one is out of its bounds.
    void check([[maybe_unused]] const ov::Node* op) const {
    }
};

}  // namespace complex_multiplication
