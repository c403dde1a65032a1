// The computation of MultiScaleDeformableAttention on plain arrays. The build compiles kernel.cpp once for each
// instruction set; op.cpp calls the copy that was chosen for this CPU.
#pragma once

#include <cstddef>
#include <cstdint>

namespace multi_scale_deformable_attention {

/// Level l has heights[l] rows of widths[l] elements, which start at starts[l] of the S places of `value`.
struct Levels {
    const std::int64_t* heights;
    const std::int64_t* widths;
    const std::int64_t* starts;
    std::size_t count;
};

/// The sizes of value [N, S, heads, channels] and of the points of each query and head.
struct Sizes {
    std::size_t heads;
    std::size_t channels;
    std::size_t points;
};

/// The output [heads, channels] of one query. `value` is that of the query's batch, `locations` are
/// [heads, levels, points, 2] (x, y from 0 to 1), `weights` are [heads, levels, points].
void run(const float* value,
         const float* locations,
         const float* weights,
         float* output,
         const Levels& levels,
         const Sizes& sizes);

}  // namespace multi_scale_deformable_attention
