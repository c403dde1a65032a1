#pragma once

#include <cstddef>

namespace blend {

/// dst = (a + sign * b) * factor + offset, for one channel.
void run(const float* a, const float* b, float* dst, std::size_t count, float sign, float factor, float offset);

}  // namespace blend
