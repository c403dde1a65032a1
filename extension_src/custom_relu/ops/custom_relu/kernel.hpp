// The computation of CustomReLU on plain arrays: x where x > 0, else negative_slope * x.
//
// As OpenVINO's own CPU kernels do it, a slope of 0 turns NaN into 0 and another slope leaves it NaN.
#pragma once

#include <ovext/kernel.hpp>

#include <cstddef>
#include <cstdint>

namespace custom_relu {

/// Each kernel reads `count` elements from `src` and writes as many to `dst`, which must not overlap `src` unless it is
/// the same array. f16 and bf16 come as their bits. Pointers need only the alignment of their type.
struct Kernels {
    void (*relu_f32)(const float* src, float* dst, std::size_t count, float negative_slope);
    /// The same for outputs larger than the cache: writes past it.
    void (*relu_f32_streamed)(const float* src, float* dst, std::size_t count, float negative_slope);
    void (*relu_f16)(const std::uint16_t* src, std::uint16_t* dst, std::size_t count, float negative_slope);
    void (*relu_bf16)(const std::uint16_t* src, std::uint16_t* dst, std::size_t count, float negative_slope);
};

OVEXT_DISPATCH_KERNELS()

}  // namespace custom_relu
