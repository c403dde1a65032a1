#pragma once

#include <ovext/kernel.hpp>

#include <cstddef>

namespace width {

struct Kernels {
    void (*run)(const float* src, float* dst, std::size_t count);
};

OVEXT_DISPATCH_KERNELS()

}  // namespace width
