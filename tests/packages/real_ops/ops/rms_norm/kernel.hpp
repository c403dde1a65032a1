// The computation of RmsNorm on plain arrays. The build compiles kernel.cpp once for each instruction set;
// op.cpp calls the copy that was chosen for this CPU.
#pragma once

#include <cstddef>

namespace rms_norm {

/// x / sqrt(mean(x^2) + epsilon) * weight for each of `rows` rows of `size` elements.
void run(const float* x, const float* weight, float* y, std::size_t rows, std::size_t size, float epsilon);

}  // namespace rms_norm
