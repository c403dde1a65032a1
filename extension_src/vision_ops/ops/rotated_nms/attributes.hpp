// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <openvino/core/attribute_visitor.hpp>
#include <openvino/core/node.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace rotated_nms {

/// The attributes of RotatedNMS.
struct Attributes {
    float iou_threshold = 0.5f;
    float score_threshold = 0.05f;

    void visit(ov::AttributeVisitor& visitor) {
        visitor.on_attribute("iou_threshold", iou_threshold);
        visitor.on_attribute("score_threshold", score_threshold);
    }

    /// Throws ov::NodeValidationFailure when one is out of its bounds.
    void check([[maybe_unused]] const ov::Node* op) const {
    }
};

}  // namespace rotated_nms
