// Used by several kernels and by op.cpp. Each of them has its own copy.
#pragma once

#ifndef FACTOR
#    error "a definition of the target did not reach this file"
#endif

/// Compiled to a separate function even if everything else is inlined.
template <typename T>
[[gnu::noinline]] T scaled(T value) {
    return value * FACTOR;
}
