#include "ops/custom_relu/op.hpp"

#include <openvino/core/op_extension.hpp>
#include <ovext/checks.hpp>
#include <ovext/elements.hpp>
#include <ovext/parallel.hpp>

#include <atomic>
#include <cstdio>

#include "ops/custom_relu/frameworks.hpp"
#include "ops/custom_relu/kernel.hpp"

namespace custom_relu {
namespace {

// Outputs of this size do not stay in the last-level cache of common CPUs until they are read.
constexpr std::size_t streamed_bytes = std::size_t{32} * 1024 * 1024;

void announce_first_run() {
    static std::atomic<bool> announced{false};
    if (!announced.exchange(true)) {
        std::puts("Running Relu custom kernel for the first time (next messages won't be printed)");
        std::fflush(stdout);
    }
}

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

CustomReLU::CustomReLU(const ov::OutputVector& inputs, const Attributes& attributes)
    : Op(inputs),
      m_attributes(attributes) {
    constructor_validate_and_infer_types();
}

void CustomReLU::validate_and_infer_types() {
    ovext::check_input_count(this, 1);
    ovext::check_type(this, 0, "data", {ov::element::f32, ov::element::f16, ov::element::bf16});
    m_attributes.check(this);
    const auto shapes = output_shapes({get_input_partial_shape(0)});
    set_output_type(0, get_input_element_type(0), shapes[0]);
}

std::vector<ov::PartialShape> CustomReLU::output_shapes(const std::vector<ov::PartialShape>& inputs) const {
    return {inputs[0]};
}

std::shared_ptr<ov::Node> CustomReLU::clone_with_new_inputs(const ov::OutputVector& inputs) const {
    check_new_args_count(this, inputs);
    return std::make_shared<CustomReLU>(inputs, m_attributes);
}

bool CustomReLU::visit_attributes(ov::AttributeVisitor& visitor) {
    m_attributes.visit(visitor);
    return true;
}

bool CustomReLU::has_evaluate() const {
    return kernel_for(get_input_element_type(0)) != nullptr;
}

bool CustomReLU::evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const {
    auto kernel = kernel_for(inputs[0].get_element_type());
    if (kernel == nullptr) {
        return false;
    }
    announce_first_run();
    if (inputs[0].get_element_type() == ov::element::f32 && inputs[0].get_byte_size() >= streamed_bytes) {
        kernel = run_streamed;
    }
    const Parameters parameters{m_attributes.negative_slope};
    outputs[0].set_shape(inputs[0].get_shape());
    const std::size_t size = outputs[0].get_element_type().size();
    const auto* data = static_cast<const char*>(inputs[0].data());
    auto* output = static_cast<char*>(outputs[0].data());
    ovext::parallel_ranges(outputs[0].get_size(), size, [=](std::size_t begin, std::size_t end) {
        kernel(data + begin * size, output + begin * size, end - begin, parameters);
    });
    return true;
}

std::vector<ov::Extension::Ptr> extensions() {
    auto all = conversions();
    all.push_back(std::make_shared<ov::OpExtension<CustomReLU>>());
    return all;
}

}  // namespace custom_relu
