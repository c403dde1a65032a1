#include "ops/nms_rotated/op.hpp"

#include <openvino/core/op_extension.hpp>
#include <ovext/checks.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "ops/nms_rotated/frameworks.hpp"
#include "ops/nms_rotated/kernel.hpp"

namespace nms_rotated {
NmsRotated::NmsRotated(const ov::OutputVector& inputs, const Attributes& attributes)
    : Op(inputs),
      m_attributes(attributes) {
    constructor_validate_and_infer_types();
}

void NmsRotated::validate_and_infer_types() {
    ovext::check_input_count(this, 2);
    ovext::check_type(this, 0, "boxes", {ov::element::f32});
    ovext::check_same_type(this, 1, "scores", 0, "boxes");
    m_attributes.check(this);
    const auto shapes = output_shapes({get_input_partial_shape(0), get_input_partial_shape(1)});
    set_output_type(0, ov::element::i64, shapes[0]);
}

std::vector<ov::PartialShape> NmsRotated::output_shapes(const std::vector<ov::PartialShape>& inputs) const {
    ovext::Dims dims(this);
    dims.read("boxes", inputs[0], {"B", "N", "5"});
    dims.read("scores", inputs[1], {"B", "C", "N"});
    // All that is known of the shape of 'selected' before the data is: evaluate() sets it.
    return {ov::PartialShape{ov::Dimension::dynamic(), ov::Dimension::dynamic()}};
}

std::shared_ptr<ov::Node> NmsRotated::clone_with_new_inputs(const ov::OutputVector& inputs) const {
    check_new_args_count(this, inputs);
    return std::make_shared<NmsRotated>(inputs, m_attributes);
}

bool NmsRotated::visit_attributes(ov::AttributeVisitor& visitor) {
    m_attributes.visit(visitor);
    return true;
}

bool NmsRotated::has_evaluate() const {
    return get_input_element_type(0) == ov::element::f32;
}

bool NmsRotated::evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const {
    const auto& shape = inputs[1].get_shape();
    const auto* boxes = static_cast<const float*>(inputs[0].data());
    const auto* scores = static_cast<const float*>(inputs[1].data());
    std::vector<std::int64_t> selected;
    for (std::size_t batch = 0; batch < shape[0]; ++batch) {
        for (std::size_t kind = 0; kind < shape[1]; ++kind) {
            const auto* of_kind = scores + (batch * shape[1] + kind) * shape[2];
            for (const auto box : run(boxes + batch * shape[2] * 5,
                                      of_kind,
                                      shape[2],
                                      m_attributes.iou_threshold,
                                      m_attributes.score_threshold)) {
                selected.insert(selected.end(),
                                {static_cast<std::int64_t>(batch), static_cast<std::int64_t>(kind), box});
            }
        }
    }
    outputs[0].set_shape({selected.size() / 3, 3});
    if (outputs[0].get_element_type() == ov::element::i32) {
        std::copy(selected.begin(), selected.end(), static_cast<std::int32_t*>(outputs[0].data()));
    } else {
        std::copy(selected.begin(), selected.end(), static_cast<std::int64_t*>(outputs[0].data()));
    }
    return true;
}

std::vector<ov::Extension::Ptr> extensions() {
    auto all = conversions();
    all.push_back(std::make_shared<ov::OpExtension<NmsRotated>>());
    return all;
}

}  // namespace nms_rotated
