#pragma once

#include <ovext/kernel.hpp>

#include <cstddef>

namespace halved {

struct Kernels {
    /// Every second element of `size` bytes of a row.
    void (*run)(const char* src, char* dst, std::size_t count, std::size_t size);
};

OVEXT_DISPATCH_KERNELS()

}  // namespace halved
