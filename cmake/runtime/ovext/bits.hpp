// Numbers to their bits and back.
#pragma once

#include <cstdint>

namespace ovext {
namespace detail {

template <typename To, typename From>
To same_bits(From value) {
    static_assert(sizeof(To) == sizeof(From));
    To result;
    __builtin_memcpy(&result, &value, sizeof(result));
    return result;
}

}  // namespace detail

inline std::uint32_t bits_of(float value) {
    return detail::same_bits<std::uint32_t>(value);
}

inline std::uint64_t bits_of(double value) {
    return detail::same_bits<std::uint64_t>(value);
}

inline float from_bits(std::uint32_t bits) {
    return detail::same_bits<float>(bits);
}

inline double from_bits(std::uint64_t bits) {
    return detail::same_bits<double>(bits);
}

}  // namespace ovext
