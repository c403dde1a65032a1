// The computation of CustomReLU on plain arrays: x where x > 0, else negative_slope * x. The build compiles kernel.cpp
// once for each instruction set, and what op.cpp calls is the copy that was chosen for this CPU.
//
// As OpenVINO's own CPU kernels do it, a slope of 0 turns NaN into 0 and another slope leaves it NaN.
#pragma once

#include <cstddef>

namespace custom_relu {

/// The attributes that kernels need.
struct Parameters {
    float negative_slope;
};

/// Computes `count` elements. `Type` is an element type of ovext/elements.hpp, one of those that kernel.cpp lists.
/// `output` does not overlap `data` unless it is the same array.
template <typename Type>
void run(const void* data, void* output, std::size_t count, const Parameters& parameters);

/// The same for f32 and outputs larger than the cache: writes past it.
void run_streamed(const void* data, void* output, std::size_t count, const Parameters& parameters);

}  // namespace custom_relu
