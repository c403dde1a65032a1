// The computation of ComplexMultiplication on plain arrays.
#pragma once

#include <ovext/kernel.hpp>

#include <cstddef>
#include <cstdint>

namespace complex_multiplication {

/// Computes `count` complex numbers, each of real and imaginary part: output[i] = data[i] * other[i * other_step],
/// where other_step is 0 or 1, and with is_conj the second factor is conjugated. `output` overlaps no other array.
using Kernel = void (*)(
    const void* data, const void* other, std::size_t other_step, void* output, std::size_t count, bool is_conj);

/// One kernel for each element type; f16 and bf16 come as their bits.
struct Kernels {
    Kernel f32;
    /// The same for outputs larger than the cache: writes past it.
    Kernel f32_streamed;
    Kernel f16;
    Kernel bf16;
};

OVEXT_DISPATCH_KERNELS()

}  // namespace complex_multiplication
