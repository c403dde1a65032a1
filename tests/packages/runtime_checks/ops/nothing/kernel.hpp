#pragma once

#include <ovext/kernel.hpp>

namespace nothing {

struct Kernels {
    void (*run)(long* counter);
};

OVEXT_DISPATCH_KERNELS()

}  // namespace nothing
