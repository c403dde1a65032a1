// The computation of ComplexMultiplication on plain arrays. The build compiles kernel.cpp once for each instruction
// set; op.cpp calls the copy that was chosen for this CPU.
#pragma once

#include <cstddef>

namespace complex_multiplication {

/// Computes `count` complex numbers, each a real and an imaginary part: output[i] = data[i] * other[i * other_step],
/// where other_step is 0 or 1. With is_conj, the second factor is conjugated. `output` must not overlap another array.
/// `Type` is one of the element types of ovext/elements.hpp that kernel.cpp lists.
template <typename Type>
void multiply(
    const void* data, const void* other, std::size_t other_step, void* output, std::size_t count, bool is_conj);

/// The same for f32 and outputs larger than the cache: its stores bypass the cache.
void multiply_streamed(
    const void* data, const void* other, std::size_t other_step, void* output, std::size_t count, bool is_conj);

}  // namespace complex_multiplication
