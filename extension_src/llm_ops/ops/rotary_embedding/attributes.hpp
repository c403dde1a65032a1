// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <openvino/core/attribute_visitor.hpp>
#include <openvino/core/node.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace rotary_embedding {

/// The attributes of RotaryEmbedding.
struct Attributes {
    /// 1 if a pair is two neighbours, 0 if it is a value of the first half and one of the second.
    std::int64_t interleaved = 0;

    void visit(ov::AttributeVisitor& visitor) {
        visitor.on_attribute("interleaved", interleaved);
    }

    /// Throws ov::NodeValidationFailure when one is out of its bounds.
    void check(const ov::Node* op) const {
        NODE_VALIDATION_CHECK(op, interleaved >= 0, "interleaved is at least 0, not ", interleaved);
        NODE_VALIDATION_CHECK(op, interleaved <= 1, "interleaved is at most 1, not ", interleaved);
    }
};

}  // namespace rotary_embedding
