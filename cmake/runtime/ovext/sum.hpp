// Sums in an order that depends neither on threads nor on the instruction set. For kernels.
#pragma once

#include <cstddef>

namespace ovext {

/// The sum of value(0) to value(count - 1) as a T. It is made of 16 sums, of every 16th value each, which loops
/// vectorise; that order is the same for every variant.
template <typename T, typename Value>
T sum(std::size_t count, const Value& value) {
    constexpr std::size_t lanes = 16;
    T partial[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            partial[lane] += value(i + lane);
        }
    }
    for (; i < count; ++i) {
        partial[i % lanes] += value(i);
    }
    for (std::size_t half = lanes / 2; half > 0; half /= 2) {
        for (std::size_t lane = 0; lane < half; ++lane) {
            partial[lane] += partial[lane + half];
        }
    }
    return partial[0];
}

}  // namespace ovext
