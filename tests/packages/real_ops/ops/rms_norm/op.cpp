#include "ops/rms_norm/op.hpp"

#include <openvino/core/op_extension.hpp>
#include <ovext/checks.hpp>
#include <ovext/parallel.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "ops/rms_norm/frameworks.hpp"
#include "ops/rms_norm/kernel.hpp"

namespace rms_norm {
RmsNorm::RmsNorm(const ov::OutputVector& inputs, const Attributes& attributes)
    : Op(inputs),
      m_attributes(attributes) {
    constructor_validate_and_infer_types();
}

void RmsNorm::validate_and_infer_types() {
    ovext::check_input_count(this, 2);
    ovext::check_type(this, 0, "x", {ov::element::f32});
    ovext::check_same_type(this, 1, "weight", 0, "x");
    m_attributes.check(this);
    const auto shapes = output_shapes({get_input_partial_shape(0), get_input_partial_shape(1)});
    set_output_type(0, get_input_element_type(0), shapes[0]);
}

std::vector<ov::PartialShape> RmsNorm::output_shapes(const std::vector<ov::PartialShape>& inputs) const {
    ovext::Dims dims(this);
    dims.read("x", inputs[0], {"...", "C"});
    dims.read("weight", inputs[1], {"C"});
    return {inputs[0]};
}

std::shared_ptr<ov::Node> RmsNorm::clone_with_new_inputs(const ov::OutputVector& inputs) const {
    check_new_args_count(this, inputs);
    return std::make_shared<RmsNorm>(inputs, m_attributes);
}

bool RmsNorm::visit_attributes(ov::AttributeVisitor& visitor) {
    m_attributes.visit(visitor);
    return true;
}

bool RmsNorm::has_evaluate() const {
    return get_input_element_type(0) == ov::element::f32;
}

bool RmsNorm::evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const {
    const auto& shape = inputs[0].get_shape();
    outputs[0].set_shape(shape);
    const std::size_t size = shape.back();
    const std::size_t rows = size == 0 ? 0 : inputs[0].get_size() / size;
    const auto* x = static_cast<const float*>(inputs[0].data());
    const auto* weight = static_cast<const float*>(inputs[1].data());
    auto* y = static_cast<float*>(outputs[0].data());
    const float epsilon = m_attributes.epsilon;
    ovext::parallel_ranges(
        rows, std::max<std::size_t>(1, size * sizeof(float)), [=](std::size_t begin, std::size_t end) {
            run(x + begin * size, weight, y + begin * size, end - begin, size, epsilon);
        });
    return true;
}

std::vector<ov::Extension::Ptr> extensions() {
    auto all = conversions();
    all.push_back(std::make_shared<ov::OpExtension<RmsNorm>>());
    return all;
}

}  // namespace rms_norm
