// Conversions of f16 and bf16, represented by their bits, to and from float. They round to nearest even.
//
// Integer arithmetic and exact float arithmetic, without branches, so that loops over it vectorise on every instruction
// set and return the same bits on all of them. No step depends on how the processor treats denormal floats, with one
// exception: a denormal float passed to f32_to_f16 is smaller than half of the smallest f16 and becomes zero anyway.
#pragma once

#include <ovext/bits.hpp>

#include <cstddef>
#include <cstdint>

#ifdef __AVX__
#    include <immintrin.h>
#endif

namespace ovext {
/// Exact. A NaN keeps its payload and becomes quiet, as in the processor's own conversion.
inline float f16_to_f32(std::uint16_t half) {
    constexpr std::uint32_t rebias = 112u << 23;
    const std::uint32_t sign = (half & 0x8000u) << 16;
    const std::uint32_t magnitude = half & 0x7fffu;
    const std::uint32_t normal = (magnitude << 13) + rebias;
    const std::uint32_t quiet = magnitude > 0x7c00u ? 0x00400000u : 0u;
    const std::uint32_t special = (normal + rebias) | quiet;  // inf and NaN: the exponent becomes all ones
    const float small = static_cast<float>(static_cast<std::int32_t>(magnitude)) * 0x1p-24f;
    const std::uint32_t finite = magnitude < 0x0400u ? bits_of(small) : normal;
    return from_bits(sign | (magnitude >= 0x7c00u ? special : finite));
}

inline std::uint16_t f32_to_f16(float value) {
    constexpr std::uint32_t rebias = 112u << 23;
    constexpr std::uint32_t half_one = 0x3f000000u;  // 0.5f, whose last bit is worth 2^-24, the smallest f16
    const std::uint32_t bits = bits_of(value);
    const std::uint32_t sign = (bits >> 16) & 0x8000u;
    const std::uint32_t magnitude = bits & 0x7fffffffu;
    const std::uint32_t normal = (magnitude + 0x0fffu + ((magnitude >> 13) & 1u) - rebias) >> 13;
    const float shifted = from_bits(magnitude) + from_bits(half_one);
    const std::uint32_t subnormal = bits_of(shifted) - half_one;
    const std::uint32_t nan = 0x7e00u | ((magnitude >> 13) & 0x03ffu);
    const std::uint32_t finite = magnitude < 0x38800000u ? subnormal : normal;
    const std::uint32_t ordered = magnitude >= 0x47800000u ? 0x7c00u : finite;
    return static_cast<std::uint16_t>(sign | (magnitude > 0x7f800000u ? nan : ordered));
}

inline float bf16_to_f32(std::uint16_t bf16) {
    return from_bits(static_cast<std::uint32_t>(bf16) << 16);
}

inline std::uint16_t f32_to_bf16(float value) {
    const std::uint32_t bits = bits_of(value);
    const std::uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    const std::uint32_t nan = (bits >> 16) | 0x0040u;
    return static_cast<std::uint16_t>((bits & 0x7fffffffu) > 0x7f800000u ? nan : rounded);
}

/// The same for `count` values, with the processor's own conversion where the variant has it. The mask is all ones; GCC
/// 12 warns about the forms without a mask.
inline void f16_to_f32(const std::uint16_t* from, float* to, std::size_t count) {
    std::size_t i = 0;
#if defined(__AVX512F__)
    for (; i + 16 <= count; i += 16) {
        const auto half = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i));
        _mm512_storeu_ps(to + i, _mm512_maskz_cvtph_ps(0xffff, half));
    }
#elif defined(__F16C__)
    for (; i + 8 <= count; i += 8) {
        const auto half = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i));
        _mm256_storeu_ps(to + i, _mm256_cvtph_ps(half));
    }
#endif
    for (; i < count; ++i) {
        to[i] = f16_to_f32(from[i]);
    }
}

inline void f32_to_f16(const float* from, std::uint16_t* to, std::size_t count) {
    std::size_t i = 0;
#if defined(__AVX512F__)
    for (; i + 16 <= count; i += 16) {
        const auto half = _mm512_maskz_cvtps_ph(0xffff, _mm512_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), half);
    }
#elif defined(__F16C__)
    for (; i + 8 <= count; i += 8) {
        const auto half = _mm256_cvtps_ph(_mm256_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), half);
    }
#endif
    for (; i < count; ++i) {
        to[i] = f32_to_f16(from[i]);
    }
}

inline void bf16_to_f32(const std::uint16_t* from, float* to, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        to[i] = bf16_to_f32(from[i]);
    }
}

namespace detail {

/// f32_to_bf16, with each result in the upper half of its lane.
#if defined(__AVX512F__)
inline __m512i rounded_to_bf16(__m512 value) {
    const auto bits = _mm512_castps_si512(value);
    const auto last = _mm512_and_si512(_mm512_maskz_srli_epi32(0xffff, bits, 16), _mm512_set1_epi32(1));
    const auto rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), last);
    const auto nan = _mm512_or_si512(bits, _mm512_set1_epi32(0x00400000));
    return _mm512_mask_mov_epi32(rounded, _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q), nan);
}
#elif defined(__AVX2__)
inline __m256i rounded_to_bf16(__m256 value) {
    const auto bits = _mm256_castps_si256(value);
    const auto last = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const auto rounded = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), last);
    const auto nan = _mm256_or_si256(bits, _mm256_set1_epi32(0x00400000));
    const auto is_nan = _mm256_castps_si256(_mm256_cmp_ps(value, value, _CMP_UNORD_Q));
    return _mm256_blendv_epi8(rounded, nan, is_nan);
}
#endif

}  // namespace detail

inline void f32_to_bf16(const float* from, std::uint16_t* to, std::size_t count) {
    std::size_t i = 0;
#if defined(__AVX512F__)
    for (; i + 16 <= count; i += 16) {
        const auto upper = _mm512_maskz_srli_epi32(0xffff, detail::rounded_to_bf16(_mm512_loadu_ps(from + i)), 16);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), _mm512_maskz_cvtepi32_epi16(0xffff, upper));
    }
#elif defined(__AVX2__)
    for (; i + 16 <= count; i += 16) {
        const auto first = _mm256_srli_epi32(detail::rounded_to_bf16(_mm256_loadu_ps(from + i)), 16);
        const auto second = _mm256_srli_epi32(detail::rounded_to_bf16(_mm256_loadu_ps(from + i + 8)), 16);
        // Packing alternates between the two vectors for every 128 bits; the permutation restores the order.
        const auto packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(first, second), 0xd8);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), packed);
    }
#endif
    for (; i < count; ++i) {
        to[i] = f32_to_bf16(from[i]);
    }
}

}  // namespace ovext
