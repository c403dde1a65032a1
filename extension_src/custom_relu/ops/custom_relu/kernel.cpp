#include "ops/custom_relu/kernel.hpp"

#include <ovext/half.hpp>
#include <ovext/stream.hpp>

namespace custom_relu {
namespace OVEXT_ISA {
namespace {

void relu_f32(const float* src, float* dst, std::size_t count, float negative_slope) {
    if (negative_slope == 0.0f) {
        // Not the general form, in which -inf * 0 would be NaN.
#pragma GCC unroll 4
        for (std::size_t i = 0; i < count; ++i) {
            dst[i] = src[i] > 0.0f ? src[i] : 0.0f;
        }
        return;
    }
#pragma GCC unroll 4
    for (std::size_t i = 0; i < count; ++i) {
        dst[i] = src[i] > 0.0f ? src[i] : src[i] * negative_slope;
    }
}

void relu_f32_streamed(const float* src, float* dst, std::size_t count, float negative_slope) {
    constexpr std::size_t block = 1024;  // 4 KiB: stays in the first-level cache
    alignas(ovext_stream_line) float buffer[block];

    // Up to the next cache line, a whole one where dst begins at one.
    const std::size_t to_line =
        (ovext_stream_line - reinterpret_cast<std::uintptr_t>(dst) % ovext_stream_line) / sizeof(float);
    const std::size_t head = to_line < count ? to_line : count;
    relu_f32(src, dst, head, negative_slope);

    std::size_t done = head;
    for (; done + block <= count; done += block) {
        relu_f32(src + done, buffer, block, negative_slope);
        ovext_stream_lines(dst + done, buffer, sizeof(buffer));
    }
    ovext_stream_fence();
    relu_f32(src + done, dst + done, count - done, negative_slope);
}

/// For a 16-bit type with a sign bit on top: `infinity` is its bits of +inf.
template <float (*to_f32)(std::uint16_t), std::uint16_t (*from_f32)(float), std::uint16_t infinity>
void relu_16_bit(const std::uint16_t* src, std::uint16_t* dst, std::size_t count, float negative_slope) {
    if (negative_slope == 0.0f) {
        for (std::size_t i = 0; i < count; ++i) {
            // The bits of all x > 0, and no others, lie in 1..infinity.
            const auto from_zero = static_cast<std::uint16_t>(src[i] - 1u);
            dst[i] = from_zero < infinity ? src[i] : std::uint16_t{0};
        }
        return;
    }
    for (std::size_t i = 0; i < count; ++i) {
        const float x = to_f32(src[i]);
        dst[i] = from_f32(x > 0.0f ? x : x * negative_slope);
    }
}

}  // namespace

const Kernels kernels = {
    relu_f32,
    relu_f32_streamed,
    relu_16_bit<ovext_f16_to_f32, ovext_f32_to_f16, 0x7c00>,
    relu_16_bit<ovext_bf16_to_f32, ovext_f32_to_bf16, 0x7f80>,
};

}  // namespace OVEXT_ISA
}  // namespace custom_relu
