// Element types as kernels see them: what lies in memory, and the type that it is computed in. For kernel.cpp only.
#pragma once

#include <ovext/half.hpp>

#include <cstddef>
#include <cstdint>

inline namespace OVEXT_ISA {
namespace {

/// An element type that is computed as it lies in memory.
template <typename T>
struct OvextPlain {
    using Memory = T;
    using Value = T;
    static T load(T memory) {
        return memory;
    }
    static T store(T value) {
        return value;
    }
};

using ovext_f32 = OvextPlain<float>;
using ovext_f64 = OvextPlain<double>;
using ovext_i8 = OvextPlain<std::int8_t>;
using ovext_i16 = OvextPlain<std::int16_t>;
using ovext_i32 = OvextPlain<std::int32_t>;
using ovext_i64 = OvextPlain<std::int64_t>;
using ovext_u8 = OvextPlain<std::uint8_t>;
using ovext_u16 = OvextPlain<std::uint16_t>;
using ovext_u32 = OvextPlain<std::uint32_t>;
using ovext_u64 = OvextPlain<std::uint64_t>;
using ovext_boolean = OvextPlain<std::uint8_t>;

/// Computed as float.
struct ovext_f16 {
    using Memory = std::uint16_t;
    using Value = float;
    static float load(std::uint16_t memory) {
        return ovext_f16_to_f32(memory);
    }
    static std::uint16_t store(float value) {
        return ovext_f32_to_f16(value);
    }
};

/// Computed as float.
struct ovext_bf16 {
    using Memory = std::uint16_t;
    using Value = float;
    static float load(std::uint16_t memory) {
        return ovext_bf16_to_f32(memory);
    }
    static std::uint16_t store(float value) {
        return ovext_f32_to_bf16(value);
    }
};

}  // namespace
}  // namespace OVEXT_ISA
