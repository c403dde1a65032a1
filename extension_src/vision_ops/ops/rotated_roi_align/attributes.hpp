// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <openvino/core/attribute_visitor.hpp>
#include <openvino/core/node.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace rotated_roi_align {

/// The attributes of RotatedRoIAlign.
struct Attributes {
    std::int64_t output_height = 7;
    std::int64_t output_width = 7;
    float spatial_scale = 1.0f;
    /// Samples in each direction of a cell; 0 for as many as it has pixels.
    std::int64_t sampling_ratio = 0;
    /// Whether pixels are points half a pixel from where they begin.
    bool aligned = true;
    /// Whether angles are clockwise in the image.
    bool clockwise = false;

    void visit(ov::AttributeVisitor& visitor) {
        visitor.on_attribute("output_height", output_height);
        visitor.on_attribute("output_width", output_width);
        visitor.on_attribute("spatial_scale", spatial_scale);
        visitor.on_attribute("sampling_ratio", sampling_ratio);
        visitor.on_attribute("aligned", aligned);
        visitor.on_attribute("clockwise", clockwise);
    }

    /// Throws ov::NodeValidationFailure when one is out of its bounds.
    void check(const ov::Node* op) const {
        NODE_VALIDATION_CHECK(op, output_height >= 1, "output_height is at least 1, not ", output_height);
        NODE_VALIDATION_CHECK(op, output_height <= 1000, "output_height is at most 1000, not ", output_height);
        NODE_VALIDATION_CHECK(op, output_width >= 1, "output_width is at least 1, not ", output_width);
        NODE_VALIDATION_CHECK(op, output_width <= 1000, "output_width is at most 1000, not ", output_width);
        NODE_VALIDATION_CHECK(op, spatial_scale >= 0.0f, "spatial_scale is at least 0, not ", spatial_scale);
        NODE_VALIDATION_CHECK(op, spatial_scale <= 1000.0f, "spatial_scale is at most 1000, not ", spatial_scale);
        NODE_VALIDATION_CHECK(op, sampling_ratio >= 0, "sampling_ratio is at least 0, not ", sampling_ratio);
        NODE_VALIDATION_CHECK(op, sampling_ratio <= 1000, "sampling_ratio is at most 1000, not ", sampling_ratio);
    }
};

}  // namespace rotated_roi_align
