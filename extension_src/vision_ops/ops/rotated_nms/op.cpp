#include "ops/rotated_nms/op.hpp"

#include <openvino/core/op_extension.hpp>
#include <ovext/checks.hpp>
#include <ovext/elements.hpp>
#include <ovext/inputs.hpp>
#include <ovext/parallel.hpp>

#include <algorithm>

#include "ops/rotated_nms/frameworks.hpp"
#include "ops/rotated_nms/kernel.hpp"

namespace rotated_nms {
namespace {

/// The boxes that remain of one class, the best first.
std::vector<std::int64_t> remaining(
    const float* boxes, const float* scores, std::size_t count, float iou_threshold, float score_threshold) {
    std::vector<std::int64_t> order;
    for (std::size_t i = 0; i < count; ++i) {
        if (scores[i] > score_threshold) {
            order.push_back(static_cast<std::int64_t>(i));
        }
    }
    std::stable_sort(order.begin(), order.end(), [=](std::int64_t one, std::int64_t other) {
        return scores[one] > scores[other];
    });
    std::vector<char> is_dropped(order.size());
    std::vector<std::int64_t> kept;
    for (std::size_t i = 0; i < order.size(); ++i) {
        if (is_dropped[i] == 0) {
            kept.push_back(order[i]);
            run<ovext::f32>(
                boxes, order[i], order.data() + i + 1, order.size() - i - 1, iou_threshold, is_dropped.data() + i + 1);
        }
    }
    return kept;
}

}  // namespace

RotatedNMS::RotatedNMS(const ov::OutputVector& inputs, const Attributes& attributes)
    : Op(inputs),
      m_attributes(attributes) {
    constructor_validate_and_infer_types();
}

void RotatedNMS::validate_and_infer_types() {
    ovext::check_input_count(this, 2);
    ovext::check_type(this, 0, "boxes", {ov::element::f32});
    ovext::check_type(this, 1, "scores", {ov::element::f32});
    m_attributes.check(this);
    const auto shapes = output_shapes(ovext::input_shapes(this));
    set_output_type(0, ov::element::i64, shapes[0]);
}

std::vector<ov::PartialShape> RotatedNMS::output_shapes(const std::vector<ov::PartialShape>& inputs) const {
    ovext::Dims dims(this);
    dims.read("boxes", inputs[0], {"N", "B", "5"});
    dims.read("scores", inputs[1], {"N", "K", "B"});
    // All that is known of the shape of 'selected' before the data is: evaluate() sets it.
    return {ov::PartialShape{ov::Dimension::dynamic(), 3}};
}

std::shared_ptr<ov::Node> RotatedNMS::clone_with_new_inputs(const ov::OutputVector& inputs) const {
    check_new_args_count(this, inputs);
    return std::make_shared<RotatedNMS>(inputs, m_attributes);
}

bool RotatedNMS::visit_attributes(ov::AttributeVisitor& visitor) {
    m_attributes.visit(visitor);
    return true;
}

bool RotatedNMS::has_evaluate() const {
    return get_input_element_type(0) == ov::element::f32;
}

bool RotatedNMS::evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const {
    output_shapes({inputs[0].get_shape(), inputs[1].get_shape()});  // it checks them
    const auto& shape = inputs[1].get_shape();
    const std::size_t classes = shape[1];
    const std::size_t count_of_boxes = shape[2];
    const auto* boxes = inputs[0].data<float>();
    const auto* scores = inputs[1].data<float>();
    std::vector<std::vector<std::int64_t>> kept(shape[0] * classes);
    const auto bytes = ovext::byte_size(inputs);
    // Each box is compared with each other one.
    ovext::parallel_rows(kept.size(), bytes * count_of_boxes, 0, [&](std::size_t begin, std::size_t end, void*) {
        for (std::size_t row = begin; row < end; ++row) {
            const auto* own = boxes + row / classes * count_of_boxes * 5;
            kept[row] = remaining(own,
                                  scores + row * count_of_boxes,
                                  count_of_boxes,
                                  m_attributes.iou_threshold,
                                  m_attributes.score_threshold);
        }
    });
    std::size_t count = 0;
    for (const auto& one : kept) {
        count += one.size();
    }
    outputs[0].set_shape({count, 3});
    const bool is_wide = outputs[0].get_element_type() == ov::element::i64;
    const auto write = [&](auto* to) {
        for (std::size_t row = 0; row < kept.size(); ++row) {
            for (const auto box : kept[row]) {
                *to++ = row / classes;
                *to++ = row % classes;
                *to++ = box;
            }
        }
    };
    is_wide ? write(outputs[0].data<std::int64_t>()) : write(outputs[0].data<std::int32_t>());
    return true;
}

std::vector<ov::Extension::Ptr> extensions() {
    auto all = conversions();
    all.push_back(std::make_shared<ov::OpExtension<RotatedNMS>>());
    return all;
}

}  // namespace rotated_nms
