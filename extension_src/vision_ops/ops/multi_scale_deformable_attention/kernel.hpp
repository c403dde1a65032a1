// The computation of MultiScaleDeformableAttention on plain arrays. The build compiles kernel.cpp once for each
// instruction set; op.cpp calls the copy that was chosen for this CPU.
#pragma once

#include <cstddef>

#include "ops/multi_scale_deformable_attention/sizes.hpp"

namespace multi_scale_deformable_attention {

/// Computes the rows from `begin` to before `end` of each output. A row is a combination of "N" and "Q".
/// Threads compute several ranges at once, each with sizes.scratch() bytes of its own at `scratch`, which begin at a
/// cache line. Types are those of ovext/elements.hpp that kernel.cpp lists.
template <typename In0Type, typename In1Type, typename In2Type, typename In3Type, typename In4Type, typename Out0Type>
void run(const void* value,
         const void* level_shapes,
         const void* level_starts,
         const void* locations,
         const void* weights,
         void* output,
         const Sizes& sizes,
         std::size_t begin,
         std::size_t end,
         void* scratch);

}  // namespace multi_scale_deformable_attention
