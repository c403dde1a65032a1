#include "ops/custom_relu/op.hpp"

#include <openvino/core/extension.hpp>
#include <openvino/core/op_extension.hpp>
#include <openvino/core/parallel.hpp>

#include <algorithm>
#include <atomic>
#include <cstdio>

#include "ops/custom_relu/kernel.hpp"

namespace custom_relu {
namespace {

// Below this many bytes a second thread costs more than it brings.
constexpr std::size_t bytes_per_thread = 64 * 1024;
constexpr std::size_t cache_line = 64;
// Outputs of this size do not stay in the last-level cache of common CPUs until they are read.
constexpr std::size_t streamed_bytes = 32 * 1024 * 1024;

void announce_first_run() {
    static std::atomic<bool> announced{false};
    if (!announced.exchange(true)) {
        std::puts("Running Relu custom kernel for the first time (next messages won't be printed)");
        std::fflush(stdout);
    }
}

bool is_supported(const ov::element::Type& type) {
    return type == ov::element::f32 || type == ov::element::f16 || type == ov::element::bf16;
}

template <typename T>
using Kernel = void (*)(const T* src, T* dst, std::size_t count, float negative_slope);

template <typename T>
void run(Kernel<T> kernel, const ov::Tensor& input, ov::Tensor& output, float negative_slope) {
    const auto* src = static_cast<const T*>(input.data());
    auto* dst = static_cast<T*>(output.data());
    const std::size_t count = input.get_size();
    constexpr std::size_t grain = bytes_per_thread / sizeof(T);
    const auto wanted = std::max<std::size_t>(1, count / grain);
    const auto threads = std::min<std::size_t>(wanted, parallel_get_max_threads());

    ov::parallel_nt_static(static_cast<int>(threads), [=](int thread, int used) {
        // Shares are whole cache lines, so that no two threads write to the same one.
        constexpr std::size_t unit = cache_line / sizeof(T);
        const std::size_t share = (count / used + unit) / unit * unit;
        const std::size_t begin = std::min(count, share * thread);
        const std::size_t end = std::min(count, begin + share);
        kernel(src + begin, dst + begin, end - begin, negative_slope);
    });
}

}  // namespace

CustomReLU::CustomReLU(const ov::Output<ov::Node>& data, float negative_slope)
    : Op({data}),
      m_negative_slope(negative_slope) {
    constructor_validate_and_infer_types();
}

void CustomReLU::validate_and_infer_types() {
    NODE_VALIDATION_CHECK(this, get_input_size() == 1, "CustomReLU takes one input, got ", get_input_size());
    const auto& type = get_input_element_type(0);
    NODE_VALIDATION_CHECK(
        this, type.is_dynamic() || is_supported(type), "CustomReLU computes f32, f16 and bf16, got ", type);
    set_output_type(0, type, get_input_partial_shape(0));
}

std::shared_ptr<ov::Node> CustomReLU::clone_with_new_inputs(const ov::OutputVector& inputs) const {
    check_new_args_count(this, inputs);
    return std::make_shared<CustomReLU>(inputs[0], m_negative_slope);
}

bool CustomReLU::visit_attributes(ov::AttributeVisitor& visitor) {
    visitor.on_attribute("negative_slope", m_negative_slope);
    return true;
}

bool CustomReLU::has_evaluate() const {
    return is_supported(get_input_element_type(0));
}

bool CustomReLU::evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const {
    announce_first_run();
    const auto& input = inputs[0];
    auto& output = outputs[0];
    output.set_shape(input.get_shape());
    const auto& type = input.get_element_type();
    if (type == ov::element::f32) {
        const bool streamed = input.get_byte_size() >= streamed_bytes;
        run<float>(streamed ? kernels().relu_f32_streamed : kernels().relu_f32, input, output, m_negative_slope);
    } else if (type == ov::element::f16) {
        run<std::uint16_t>(kernels().relu_f16, input, output, m_negative_slope);
    } else if (type == ov::element::bf16) {
        run<std::uint16_t>(kernels().relu_bf16, input, output, m_negative_slope);
    } else {
        return false;
    }
    return true;
}

std::vector<ov::Extension::Ptr> extensions() {
    return {std::make_shared<ov::OpExtension<CustomReLU>>()};
}

}  // namespace custom_relu
