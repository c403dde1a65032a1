// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <openvino/core/attribute_visitor.hpp>
#include <openvino/core/node.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace modulated_deform_conv2d {

/// The attributes of ModulatedDeformConv2d.
struct Attributes {
    std::vector<std::int64_t> stride = {1, 1};
    std::vector<std::int64_t> padding = {0, 0};
    std::vector<std::int64_t> dilation = {1, 1};
    std::int64_t groups = 1;
    std::int64_t deform_groups = 1;

    void visit(ov::AttributeVisitor& visitor) {
        visitor.on_attribute("stride", stride);
        visitor.on_attribute("padding", padding);
        visitor.on_attribute("dilation", dilation);
        visitor.on_attribute("groups", groups);
        visitor.on_attribute("deform_groups", deform_groups);
    }

    /// Throws ov::NodeValidationFailure when one is out of its bounds.
    void check(const ov::Node* op) const {
        for (const auto value : stride) {
            NODE_VALIDATION_CHECK(op, value >= 1, "each of stride is at least 1, not ", value);
        }
        for (const auto value : stride) {
            NODE_VALIDATION_CHECK(op, value <= 1000000, "each of stride is at most 1e+06, not ", value);
        }
        for (const auto value : padding) {
            NODE_VALIDATION_CHECK(op, value >= 0, "each of padding is at least 0, not ", value);
        }
        for (const auto value : padding) {
            NODE_VALIDATION_CHECK(op, value <= 1000000, "each of padding is at most 1e+06, not ", value);
        }
        for (const auto value : dilation) {
            NODE_VALIDATION_CHECK(op, value >= 1, "each of dilation is at least 1, not ", value);
        }
        for (const auto value : dilation) {
            NODE_VALIDATION_CHECK(op, value <= 1000000, "each of dilation is at most 1e+06, not ", value);
        }
        NODE_VALIDATION_CHECK(op, groups >= 1, "groups is at least 1, not ", groups);
        NODE_VALIDATION_CHECK(op, groups <= 1000000, "groups is at most 1e+06, not ", groups);
        NODE_VALIDATION_CHECK(op, deform_groups >= 1, "deform_groups is at least 1, not ", deform_groups);
        NODE_VALIDATION_CHECK(op, deform_groups <= 1000000, "deform_groups is at most 1e+06, not ", deform_groups);
    }
};

}  // namespace modulated_deform_conv2d
