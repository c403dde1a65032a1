// Sums in an order that depends neither on threads nor on the instruction set. For kernels.
#pragma once

#include <cstddef>
#include <cstring>

namespace ovext {
namespace detail {

#if defined(__AVX512F__)
constexpr std::size_t vector_bytes = 64;
#elif defined(__AVX__)
constexpr std::size_t vector_bytes = 32;
#else
constexpr std::size_t vector_bytes = 16;
#endif

}  // namespace detail

/// The sum of value(0) to value(count - 1) as a T. It is made of 32 sums, of every 32nd value each, which are in
/// vectors; that order is the same for every variant.
template <typename T, typename Value>
[[gnu::always_inline]] inline T sum(std::size_t count, const Value& value) {
    constexpr std::size_t lanes = 32;
    constexpr std::size_t all_bytes = lanes * sizeof(T);
    constexpr std::size_t bytes = all_bytes < detail::vector_bytes ? all_bytes : detail::vector_bytes;
    constexpr std::size_t vectors = all_bytes / bytes;
    typedef T Vector __attribute__((vector_size(bytes)));  // NOLINT(modernize-use-using): GCC ignores it
    Vector sums[vectors] = {};
    T partial[lanes];
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
        // Unrolled, the loop would become vectors across its rounds, with permutations.
#pragma GCC unroll 1
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            partial[lane] = value(i + lane);
        }
        Vector read[vectors];
        std::memcpy(read, partial, sizeof(read));
#pragma GCC unroll 16
        for (std::size_t v = 0; v < vectors; ++v) {
            sums[v] += read[v];
        }
    }
    std::memcpy(partial, sums, sizeof(sums));
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
