// The computation of CustomReLU on plain arrays: x where x > 0, else negative_slope * x. The build compiles kernel.cpp
// once for each instruction set; op.cpp calls the copy that was chosen for this CPU.
//
// As in OpenVINO's own CPU kernels, a slope of 0 turns NaN into 0 and any other slope leaves it NaN.
#pragma once

#include <cstddef>

namespace custom_relu {

/// The attributes that kernels need.
struct Parameters {
    float negative_slope;
};

/// Computes `count` elements. `Type` is one of the element types of ovext/elements.hpp that kernel.cpp lists. `output`
/// must not overlap `data` unless it is the same array.
template <typename Type>
void run(const void* data, void* output, std::size_t count, const Parameters& parameters);

/// The same for f32 and outputs larger than the cache: its stores bypass the cache.
void run_streamed(const void* data, void* output, std::size_t count, const Parameters& parameters);

}  // namespace custom_relu
