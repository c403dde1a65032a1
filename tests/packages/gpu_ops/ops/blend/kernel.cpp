#include "ops/blend/kernel.hpp"

namespace blend {

void run(const float* a, const float* b, float* dst, std::size_t count, float sign, float factor, float offset) {
    for (std::size_t i = 0; i < count; ++i) {
        dst[i] = (a[i] + sign * b[i]) * factor + offset;
    }
}

}  // namespace blend
