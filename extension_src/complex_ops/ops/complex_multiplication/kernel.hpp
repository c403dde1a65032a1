// The computation of ComplexMultiplication on plain arrays. The build compiles kernel.cpp once for each instruction
// set, and what op.cpp calls is the copy that was chosen for this CPU.
#pragma once

#include <cstddef>

namespace complex_multiplication {

/// Computes `count` complex numbers, each of real and imaginary part: output[i] = data[i] * other[i * other_step],
/// where other_step is 0 or 1, and with is_conj the second factor is conjugated. `output` overlaps no other array.
/// `Type` is an element type of ovext/elements.hpp, one of those that kernel.cpp lists.
template <typename Type>
void multiply(
    const void* data, const void* other, std::size_t other_step, void* output, std::size_t count, bool is_conj);

/// The same for f32 and outputs larger than the cache: writes past it.
void multiply_streamed(
    const void* data, const void* other, std::size_t other_step, void* output, std::size_t count, bool is_conj);

}  // namespace complex_multiplication
