// The computation of ModulatedDeformConv2d on plain arrays. The build compiles kernel.cpp once for each instruction
// set; op.cpp calls the copy that was chosen for this CPU.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/modulated_deform_conv2d/sizes.hpp"

namespace modulated_deform_conv2d {

constexpr std::size_t tile = 32;  // outputs of a row of the image that are computed together

/// The attributes.
struct Parameters {
    std::int64_t stride[2];
    std::int64_t padding[2];
    std::int64_t dilation[2];
    std::size_t groups;
    std::size_t deform_groups;
};

/// Computes the tiles from `begin` to before `end`; all rows of outputs of an image after one another make its tiles.
/// Threads compute several ranges at once, each with sizes.scratch() bytes of its own at `scratch`, which begin at a
/// cache line. Types are those of ovext/elements.hpp that kernel.cpp lists. `bias` is nullptr where the model has none.
template <typename In0Type, typename In1Type, typename In2Type, typename In3Type, typename In4Type, typename Out0Type>
void run(const void* data,
         const void* offset,
         const void* mask,
         const void* weight,
         const void* bias,
         void* output,
         const Sizes& sizes,
         std::size_t begin,
         std::size_t end,
         void* scratch,
         const Parameters& parameters);

}  // namespace modulated_deform_conv2d
