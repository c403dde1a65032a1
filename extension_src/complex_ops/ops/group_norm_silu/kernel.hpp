// The computation of GroupNormSiLU on plain arrays.
#pragma once

#include <ovext/kernel.hpp>

#include <cstddef>
#include <cstdint>

namespace group_norm_silu {

/// Computes one group of one sample: `channels` channels of `count` elements each, which lie one behind the other in
/// `data` and in `output`; `scale` and `bias` have a value for each channel.
using Kernel = void (*)(const void* data,
                        const void* scale,
                        const void* bias,
                        void* output,
                        std::size_t channels,
                        std::size_t count,
                        float epsilon);

/// One kernel for each element type; f16 and bf16 come as their bits.
struct Kernels {
    Kernel f32;
    Kernel f16;
    Kernel bf16;
};

OVEXT_DISPATCH_KERNELS()

}  // namespace group_norm_silu
