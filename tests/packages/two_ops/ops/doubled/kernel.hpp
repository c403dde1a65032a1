#pragma once

#include <cstddef>

namespace doubled {

void run(const float* src, float* dst, std::size_t count);

}  // namespace doubled
