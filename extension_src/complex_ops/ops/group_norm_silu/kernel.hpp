// The computation of GroupNormSiLU on plain arrays. The build compiles kernel.cpp once for each instruction set; op.cpp
// calls the copy that was chosen for this CPU.
#pragma once

#include <cstddef>

namespace group_norm_silu {

/// Computes one group of one sample: `channels` channels of `count` elements each, which are contiguous in `data` and
/// in `output`. `scale` and `bias` have one value for each channel. `Type` is one of the element types of
/// ovext/elements.hpp that kernel.cpp lists.
template <typename Type>
void normalise(const void* data,
               const void* scale,
               const void* bias,
               void* output,
               std::size_t channels,
               std::size_t count,
               float epsilon);

}  // namespace group_norm_silu
