#include "ops/complex_multiplication/op.hpp"

#include <openvino/core/op_extension.hpp>
#include <ovext/checks.hpp>
#include <ovext/elements.hpp>
#include <ovext/parallel.hpp>

#include "ops/complex_multiplication/frameworks.hpp"
#include "ops/complex_multiplication/kernel.hpp"

namespace complex_multiplication {
namespace {

// Outputs of this size do not stay in the last-level cache of common CPUs until they are read.
constexpr std::size_t streamed_bytes = std::size_t{32} * 1024 * 1024;

using Kernel = decltype(&multiply<ovext::f32>);

/// The kernel for inputs of these types; nullptr where there is none.
Kernel kernel_for(const ov::element::Type& type) {
    switch (type) {
        case ov::element::f32:
            return multiply<ovext::f32>;
        case ov::element::f16:
            return multiply<ovext::f16>;
        case ov::element::bf16:
            return multiply<ovext::bf16>;
        default:
            return nullptr;
    }
}

}  // namespace

ComplexMultiplication::ComplexMultiplication(const ov::OutputVector& inputs, const Attributes& attributes)
    : Op(inputs),
      m_attributes(attributes) {
    constructor_validate_and_infer_types();
}

void ComplexMultiplication::validate_and_infer_types() {
    ovext::check_input_count(this, 2);
    ovext::check_type(this, 0, "data", {ov::element::f32, ov::element::f16, ov::element::bf16});
    ovext::check_same_type(this, 1, "other", 0, "data");
    m_attributes.check(this);
    const auto shapes = output_shapes({get_input_partial_shape(0), get_input_partial_shape(1)});
    set_output_type(0, get_input_element_type(0), shapes[0]);
}

std::vector<ov::PartialShape> ComplexMultiplication::output_shapes(const std::vector<ov::PartialShape>& inputs) const {
    ovext::Dims dims(this);
    dims.read("data", inputs[0], {"N", "C", "...", "2"});
    dims.read("other", inputs[1], {"N", "C|1", "...", "2"});
    return {inputs[0]};
}

std::shared_ptr<ov::Node> ComplexMultiplication::clone_with_new_inputs(const ov::OutputVector& inputs) const {
    check_new_args_count(this, inputs);
    return std::make_shared<ComplexMultiplication>(inputs, m_attributes);
}

bool ComplexMultiplication::visit_attributes(ov::AttributeVisitor& visitor) {
    m_attributes.visit(visitor);
    return true;
}

bool ComplexMultiplication::has_evaluate() const {
    return kernel_for(get_input_element_type(0)) != nullptr;
}

bool ComplexMultiplication::evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const {
    const auto kernel = kernel_for(inputs[0].get_element_type());
    if (kernel == nullptr) {
        return false;
    }
    const auto& shape = inputs[0].get_shape();
    outputs[0].set_shape(output_shapes({shape, inputs[1].get_shape()})[0].to_shape());
    const bool is_f32 = inputs[0].get_element_type() == ov::element::f32;
    const auto run = is_f32 && outputs[0].get_byte_size() >= streamed_bytes ? multiply_streamed : kernel;

    // The shapes in complex numbers: samples, channels, and the numbers in a channel.
    const ov::Shape numbers = {shape[0], shape[1], ov::shape_size(shape.begin() + 2, shape.end() - 1)};
    const ov::Shape others = {numbers[0], inputs[1].get_shape()[1], numbers[2]};
    const std::size_t size = 2 * outputs[0].get_element_type().size();
    const auto* data = static_cast<const char*>(inputs[0].data());
    const auto* other = static_cast<const char*>(inputs[1].data());
    auto* output = static_cast<char*>(outputs[0].data());
    const bool is_conj = m_attributes.is_conj;
    const ovext::Broadcast<2> rows(numbers, {numbers, others});
    rows.parallel(size, [=](std::size_t to, const auto& from, const auto& steps, std::size_t count) {
        run(data + from[0] * size, other + from[1] * size, steps[1], output + to * size, count, is_conj);
    });
    return true;
}

std::vector<ov::Extension::Ptr> extensions() {
    auto all = conversions();
    all.push_back(std::make_shared<ov::OpExtension<ComplexMultiplication>>());
    return all;
}

}  // namespace complex_multiplication
