// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#include "ops/snake/op.hpp"

#include <openvino/core/op_extension.hpp>
#include <ovext/checks.hpp>
#include <ovext/elements.hpp>
#include <ovext/inputs.hpp>
#include <ovext/parallel.hpp>

#include "ops/snake/frameworks.hpp"
#include "ops/snake/kernel.hpp"

namespace snake {
namespace {

using Kernel = decltype(&run<ovext::f32>);

/// The kernel for inputs of these types; nullptr where there is none.
Kernel kernel_for(const ov::element::Type& type) {
    switch (type) {
        case ov::element::f32:
            return run<ovext::f32>;
        case ov::element::f16:
            return run<ovext::f16>;
        case ov::element::bf16:
            return run<ovext::bf16>;
        default:
            return nullptr;
    }
}

}  // namespace

Snake::Snake(const ov::OutputVector& inputs, const Attributes& attributes)
    : Op(inputs),
      m_attributes(attributes) {
    constructor_validate_and_infer_types();
}

void Snake::validate_and_infer_types() {
    ovext::check_input_count(this, 2);
    ovext::check_type(this, 0, "data", {ov::element::f32, ov::element::f16, ov::element::bf16});
    ovext::check_same_type(this, 1, "alpha", 0, "data");
    m_attributes.check(this);
    const auto shapes = output_shapes(ovext::input_shapes(this));
    set_output_type(0, get_input_element_type(0), shapes[0]);
}

std::vector<ov::PartialShape> Snake::output_shapes(const std::vector<ov::PartialShape>& inputs) const {
    ovext::Dims dims(this);
    dims.read("alpha", inputs[1], {"C"});
    return {ovext::broadcast(
        this,
        {inputs[0], ovext::aligned(this, "alpha", inputs[1], 1, ovext::common_rank({inputs[0]}))})};
}

std::shared_ptr<ov::Node> Snake::clone_with_new_inputs(const ov::OutputVector& inputs) const {
    check_new_args_count(this, inputs);
    return std::make_shared<Snake>(inputs, m_attributes);
}

bool Snake::visit_attributes(ov::AttributeVisitor& visitor) {
    m_attributes.visit(visitor);
    return true;
}

bool Snake::has_evaluate() const {
    return kernel_for(get_input_element_type(0)) != nullptr;
}

bool Snake::evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const {
    const auto kernel = kernel_for(inputs[0].get_element_type());
    if (kernel == nullptr) {
        return false;
    }
    const auto infer = [this](const auto& shapes) {
        return output_shapes(shapes);
    };
    const auto shape = ovext::output_shapes_for(this, inputs, infer)[0].to_shape();
    outputs[0].set_shape(shape);
    const std::size_t size = outputs[0].get_element_type().size();
    const auto* data = static_cast<const char*>(inputs[0].data());
    const auto* alpha = static_cast<const char*>(inputs[1].data());
    auto* output = static_cast<char*>(outputs[0].data());
    const ovext::Broadcast<2> rows(
        shape,
        {inputs[0].get_shape(), ovext::aligned(inputs[1].get_shape(), 1, shape.size())});
    rows.parallel(size, [=](std::size_t to, const auto& from, const auto& steps, std::size_t count) {
        kernel(data + from[0] * size, steps[0], alpha + from[1] * size, steps[1], output + to * size, count);
    });
    return true;
}

std::vector<ov::Extension::Ptr> extensions() {
    auto all = conversions();
    all.push_back(std::make_shared<ov::OpExtension<Snake>>());
    return all;
}

}  // namespace snake
