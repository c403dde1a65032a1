// f16 and bf16 as their bits, to and from float, rounding to nearest even. For kernel.cpp only.
//
// Integer arithmetic without branches, so that loops over it vectorise on every instruction set and give the same
// bits on all of them; no step depends on how the processor treats denormal floats, except that a denormal float
// given to ovext_f32_to_f16 is smaller than half of the smallest f16 and becomes zero anyway.
#pragma once

#ifndef OVEXT_ISA
#    error "ovext/half.hpp is compiled once per instruction set: include it from kernel.cpp only"
#endif

#include <cstdint>

// Internal linkage: each variant keeps its own copy, and its namespace tells whose, also where nothing is inlined.
inline namespace OVEXT_ISA {
namespace {

inline std::uint32_t ovext_bits(float value) {
    std::uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof(bits));
    return bits;
}

inline float ovext_float(std::uint32_t bits) {
    float value;
    __builtin_memcpy(&value, &bits, sizeof(value));
    return value;
}

inline float ovext_f16_to_f32(std::uint16_t half) {
    constexpr std::uint32_t rebias = 112u << 23;
    const std::uint32_t sign = (half & 0x8000u) << 16;
    const std::uint32_t magnitude = half & 0x7fffu;
    const std::uint32_t normal = (magnitude << 13) + rebias;
    const std::uint32_t special = normal + rebias;  // inf and NaN: the exponent becomes all ones
    const std::uint32_t subnormal = ovext_bits(static_cast<float>(static_cast<std::int32_t>(magnitude)) * 0x1p-24f);
    const std::uint32_t finite = magnitude < 0x0400u ? subnormal : normal;
    return ovext_float(sign | (magnitude >= 0x7c00u ? special : finite));
}

inline std::uint16_t ovext_f32_to_f16(float value) {
    constexpr std::uint32_t rebias = 112u << 23;
    constexpr std::uint32_t half_one = 0x3f000000u;  // 0.5f, whose last bit is worth 2^-24, the smallest f16
    const std::uint32_t bits = ovext_bits(value);
    const std::uint32_t sign = (bits >> 16) & 0x8000u;
    const std::uint32_t magnitude = bits & 0x7fffffffu;
    const std::uint32_t normal = (magnitude + 0x0fffu + ((magnitude >> 13) & 1u) - rebias) >> 13;
    const std::uint32_t subnormal = ovext_bits(ovext_float(magnitude) + ovext_float(half_one)) - half_one;
    const std::uint32_t nan = 0x7e00u | ((magnitude >> 13) & 0x03ffu);
    const std::uint32_t finite = magnitude < 0x38800000u ? subnormal : normal;
    const std::uint32_t ordered = magnitude >= 0x47800000u ? 0x7c00u : finite;
    return static_cast<std::uint16_t>(sign | (magnitude > 0x7f800000u ? nan : ordered));
}

inline float ovext_bf16_to_f32(std::uint16_t bf16) {
    return ovext_float(static_cast<std::uint32_t>(bf16) << 16);
}

inline std::uint16_t ovext_f32_to_bf16(float value) {
    const std::uint32_t bits = ovext_bits(value);
    const std::uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    const std::uint32_t nan = (bits >> 16) | 0x0040u;
    return static_cast<std::uint16_t>((bits & 0x7fffffffu) > 0x7f800000u ? nan : rounded);
}

}  // namespace
}  // namespace OVEXT_ISA
