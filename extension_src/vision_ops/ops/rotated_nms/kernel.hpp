// The computation of RotatedNMS on plain arrays. The build compiles kernel.cpp once for each instruction set;
// op.cpp calls the copy that was chosen for this CPU.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rotated_nms {

/// Marks in `is_dropped` those of the boxes order[0] to order[count - 1] that `box` overlaps by more than the
/// threshold. A box is its centre, width, height and angle.
template <typename Type>
void run(const void* boxes,
         std::size_t box,
         const std::int64_t* order,
         std::size_t count,
         float threshold,
         char* is_dropped);

}  // namespace rotated_nms
