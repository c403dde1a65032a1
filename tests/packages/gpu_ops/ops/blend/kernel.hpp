#pragma once

#include <ovext/kernel.hpp>

#include <cstddef>

namespace blend {

struct Kernels {
    /// dst = (a + sign * b) * factor + offset, for one channel.
    void (*run)(const float* a, const float* b, float* dst, std::size_t count, float sign, float factor, float offset);
};

OVEXT_DISPATCH_KERNELS()

}  // namespace blend
