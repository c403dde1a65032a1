#pragma once

#include <cstddef>

namespace width {

void run(const float* src, float* dst, std::size_t count);

}  // namespace width
