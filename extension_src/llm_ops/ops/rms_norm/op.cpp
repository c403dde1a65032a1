#include "ops/rms_norm/op.hpp"

#include <openvino/core/op_extension.hpp>
#include <ovext/checks.hpp>
#include <ovext/elements.hpp>
#include <ovext/inputs.hpp>
#include <ovext/parallel.hpp>

#include "ops/rms_norm/frameworks.hpp"
#include "ops/rms_norm/kernel.hpp"

namespace rms_norm {
namespace {

using Kernel = decltype(&run<ovext::f32, ovext::f32, ovext::f32>);

/// The kernel for inputs of these types; nullptr where there is none.
Kernel kernel_for(const ov::element::Type& type) {
    switch (type) {
        case ov::element::f32:
            return run<ovext::f32, ovext::f32, ovext::f32>;
        case ov::element::f16:
            return run<ovext::f16, ovext::f16, ovext::f16>;
        case ov::element::bf16:
            return run<ovext::bf16, ovext::bf16, ovext::bf16>;
        default:
            return nullptr;
    }
}

}  // namespace

RMSNorm::RMSNorm(const ov::OutputVector& inputs, const Attributes& attributes)
    : Op(inputs),
      m_attributes(attributes) {
    constructor_validate_and_infer_types();
}

void RMSNorm::validate_and_infer_types() {
    ovext::check_input_count(this, 2);
    ovext::check_type(this, 0, "data", {ov::element::f32, ov::element::f16, ov::element::bf16});
    ovext::check_same_type(this, 1, "weight", 0, "data");
    m_attributes.check(this);
    const auto shapes = output_shapes(ovext::input_shapes(this));
    set_output_type(0, get_input_element_type(0), shapes[0]);
}

std::vector<ov::PartialShape> RMSNorm::output_shapes(const std::vector<ov::PartialShape>& inputs) const {
    ovext::Dims dims(this);
    dims.read("data", inputs[0], {"...", "D"});
    dims.read("weight", inputs[1], {"D"});
    return {inputs[0]};
}

std::shared_ptr<ov::Node> RMSNorm::clone_with_new_inputs(const ov::OutputVector& inputs) const {
    check_new_args_count(this, inputs);
    return std::make_shared<RMSNorm>(inputs, m_attributes);
}

bool RMSNorm::visit_attributes(ov::AttributeVisitor& visitor) {
    m_attributes.visit(visitor);
    return true;
}

bool RMSNorm::has_evaluate() const {
    return kernel_for(get_input_element_type(0)) != nullptr;
}

bool RMSNorm::evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const {
    const auto kernel = kernel_for(inputs[0].get_element_type());
    if (kernel == nullptr) {
        return false;
    }
    const Parameters parameters{m_attributes.epsilon, m_attributes.axis};
    const auto infer = [this](const auto& known) {
        return output_shapes(known);
    };
    const auto shapes = ovext::output_shapes_for(this, inputs, infer);
    outputs[0].set_shape(shapes[0].to_shape());
    const auto sizes = sizes_of(ovext::shapes_of(inputs), ovext::shapes_of(outputs));
    const auto bytes = ovext::byte_size(inputs) + ovext::byte_size(outputs);
    const auto* data = inputs[0].data();
    const auto* weight = inputs[1].data();
    auto* output = outputs[0].data();
    ovext::parallel_rows(sizes.rows(), bytes, sizes.scratch(), [=](std::size_t begin, std::size_t end, void* scratch) {
        kernel(data, weight, output, sizes, begin, end, scratch, parameters);
    });
    return true;
}

std::vector<ov::Extension::Ptr> extensions() {
    auto all = conversions();
    all.push_back(std::make_shared<ov::OpExtension<RMSNorm>>());
    return all;
}

}  // namespace rms_norm
