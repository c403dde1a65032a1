#include "ops/group_norm_silu/op.hpp"

#include <openvino/core/op_extension.hpp>
#include <openvino/core/parallel.hpp>
#include <ovext/checks.hpp>
#include <ovext/elements.hpp>

#include "ops/group_norm_silu/frameworks.hpp"
#include "ops/group_norm_silu/kernel.hpp"

namespace group_norm_silu {
namespace {

using Kernel = decltype(&normalise<ovext::f32>);

/// The kernel for inputs of these types; nullptr where there is none.
Kernel kernel_for(const ov::element::Type& type) {
    switch (type) {
        case ov::element::f32:
            return normalise<ovext::f32>;
        case ov::element::f16:
            return normalise<ovext::f16>;
        case ov::element::bf16:
            return normalise<ovext::bf16>;
        default:
            return nullptr;
    }
}

}  // namespace

GroupNormSiLU::GroupNormSiLU(const ov::OutputVector& inputs, const Attributes& attributes)
    : Op(inputs),
      m_attributes(attributes) {
    constructor_validate_and_infer_types();
}

void GroupNormSiLU::validate_and_infer_types() {
    ovext::check_input_count(this, 3);
    ovext::check_type(this, 0, "data", {ov::element::f32, ov::element::f16, ov::element::bf16});
    ovext::check_same_type(this, 1, "scale", 0, "data");
    ovext::check_same_type(this, 2, "bias", 0, "data");
    m_attributes.check(this);
    const auto shapes =
        output_shapes({get_input_partial_shape(0), get_input_partial_shape(1), get_input_partial_shape(2)});
    set_output_type(0, get_input_element_type(0), shapes[0]);
}

std::vector<ov::PartialShape> GroupNormSiLU::output_shapes(const std::vector<ov::PartialShape>& inputs) const {
    ovext::Dims dims(this);
    dims.read("data", inputs[0], {"N", "C", "..."});
    dims.read("scale", inputs[1], {"C"});
    dims.read("bias", inputs[2], {"C"});
    dims.require(ovext::floor_mod(dims["C"], m_attributes.groups) == 0,
                 "C % groups == 0",
                 {{"C", dims["C"]}, {"groups", m_attributes.groups}});
    return {inputs[0]};
}

std::shared_ptr<ov::Node> GroupNormSiLU::clone_with_new_inputs(const ov::OutputVector& inputs) const {
    check_new_args_count(this, inputs);
    return std::make_shared<GroupNormSiLU>(inputs, m_attributes);
}

bool GroupNormSiLU::visit_attributes(ov::AttributeVisitor& visitor) {
    m_attributes.visit(visitor);
    return true;
}

bool GroupNormSiLU::has_evaluate() const {
    return kernel_for(get_input_element_type(0)) != nullptr;
}

bool GroupNormSiLU::evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const {
    const auto kernel = kernel_for(inputs[0].get_element_type());
    if (kernel == nullptr) {
        return false;
    }
    const auto& shape = inputs[0].get_shape();
    outputs[0].set_shape(output_shapes({shape, inputs[1].get_shape(), inputs[2].get_shape()})[0].to_shape());
    const auto groups = static_cast<std::size_t>(m_attributes.groups);
    const std::size_t channels = shape[1] / groups;
    const std::size_t count = ov::shape_size(shape.begin() + 2, shape.end());
    const std::size_t size = outputs[0].get_element_type().size();
    const auto* data = static_cast<const char*>(inputs[0].data());
    const auto* scale = static_cast<const char*>(inputs[1].data());
    const auto* bias = static_cast<const char*>(inputs[2].data());
    auto* output = static_cast<char*>(outputs[0].data());
    const float epsilon = m_attributes.epsilon;
    ov::parallel_for(shape[0] * groups, [=](std::size_t number) {
        const std::size_t begin = number * channels * count * size;
        const std::size_t channel = number % groups * channels * size;
        kernel(data + begin, scale + channel, bias + channel, output + begin, channels, count, epsilon);
    });
    return true;
}

std::vector<ov::Extension::Ptr> extensions() {
    auto all = conversions();
    all.push_back(std::make_shared<ov::OpExtension<GroupNormSiLU>>());
    return all;
}

}  // namespace group_norm_silu
