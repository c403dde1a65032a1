// The computation of RotatedRoIAlign on plain arrays. The build compiles kernel.cpp once for each instruction set;
// op.cpp calls the copy that was chosen for this CPU.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/rotated_roi_align/sizes.hpp"

namespace rotated_roi_align {

/// The attributes that kernels need.
struct Parameters {
    std::int64_t output_height;
    std::int64_t output_width;
    float spatial_scale;
    std::int64_t sampling_ratio;
    bool aligned;
    bool clockwise;
};

/// Computes the rows from `begin` to before `end` of each output. A row is a combination of "R" and "C".
/// Threads compute several ranges at once, each with sizes.scratch() bytes of its own at `scratch`, which begin at a
/// cache line. Types are those of ovext/elements.hpp that kernel.cpp lists.
template <typename In0Type, typename In1Type, typename Out0Type>
void run(const void* data,
         const void* rois,
         void* output,
         const Sizes& sizes,
         std::size_t begin,
         std::size_t end,
         void* scratch,
         const Parameters& parameters);

}  // namespace rotated_roi_align
