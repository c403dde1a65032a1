// The computation of NmsRotated on plain arrays. The build compiles kernel.cpp once for each instruction set;
// op.cpp calls the copy that was chosen for this CPU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace nms_rotated {

/// The boxes that stay, the one with the highest score first. Each of `count` boxes is (x, y, width, height, angle).
std::vector<std::int64_t> run(
    const float* boxes, const float* scores, std::size_t count, float iou_threshold, float score_threshold);

}  // namespace nms_rotated
