// Stores that bypass the cache, for kernels whose output is larger than the cache.
#pragma once

#include <immintrin.h>
#include <cstddef>
#include <cstdint>

namespace ovext {

constexpr std::size_t stream_line = 64;

/// Copies whole cache lines from `src` to `dst` without reading `dst` into the cache first. `dst` must be aligned to
/// `stream_line`, `bytes` a multiple of it. Call stream_fence() before another thread reads the result.
inline void stream_lines(void* dst, const void* src, std::size_t bytes) {
    auto* to = static_cast<char*>(dst);
    const auto* from = static_cast<const char*>(src);
    for (std::size_t i = 0; i < bytes; i += stream_line) {
#if defined(__AVX512F__)
        _mm512_stream_si512(reinterpret_cast<__m512i*>(to + i), _mm512_loadu_si512(from + i));
#elif defined(__AVX__)
        for (std::size_t part = 0; part < stream_line; part += sizeof(__m256i)) {
            _mm256_stream_si256(reinterpret_cast<__m256i*>(to + i + part),
                                _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i + part)));
        }
#else
        for (std::size_t part = 0; part < stream_line; part += sizeof(__m128i)) {
            _mm_stream_si128(reinterpret_cast<__m128i*>(to + i + part),
                             _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i + part)));
        }
#endif
    }
}

inline void stream_fence() {
    _mm_sfence();
}

}  // namespace ovext
