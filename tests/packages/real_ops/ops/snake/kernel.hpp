// The computation of Snake on plain arrays. The build compiles kernel.cpp once for each instruction set;
// op.cpp calls the copy that was chosen for this CPU.
#pragma once

#include <cstddef>

namespace snake {

/// x + sin(alpha * x)^2 / alpha for `count` elements of one channel.
void run(const float* x, float alpha, float* y, std::size_t count);

}  // namespace snake
