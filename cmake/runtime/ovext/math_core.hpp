// Building blocks of ovext/math.hpp, for float and double.
#pragma once

#include <ovext/bits.hpp>

#include <cstdint>
#include <limits>

namespace ovext {
namespace math_detail {

// Numbers as bits.

template <typename T>
struct number;

template <>
struct number<float> {
    using unsigned_type = std::uint32_t;
    using signed_type = std::int32_t;
    static constexpr int fraction_bits = 23;
    static constexpr std::uint32_t one = 0x3f800000u, sqrt_half = 0x3f3504f3u;  // as bits
    static constexpr float bias = 127.0f, round_to_whole = 0x1.8p23f;
    static constexpr float down = 0x1p-64f, down_offset = bias + 64.0f;
    static constexpr float log2_e = 1.44269502f;
    static constexpr float ln2_high = 0.693145752f, ln2_low = 1.42860677e-06f;  // ln2_high has 15 bits
};

template <>
struct number<double> {
    using unsigned_type = std::uint64_t;
    using signed_type = std::int64_t;
    static constexpr int fraction_bits = 52;
    static constexpr std::uint64_t one = 0x3ff0000000000000u, sqrt_half = 0x3fe6a09e667f3bcdu;
    static constexpr double bias = 1023.0, round_to_whole = 0x1.8p52;
    static constexpr double down = 0x1p-512, down_offset = bias + 512.0;
    static constexpr double log2_e = 1.4426950408889634;
    static constexpr double ln2_high = 0x1.62e42fefa3000p-1, ln2_low = 2.8235290563031577e-13;  // ln2_high has 41 bits
};

template <typename T>
using Bits = typename number<T>::unsigned_type;

template <typename T>
constexpr Bits<T> sign_bit = Bits<T>{1} << (sizeof(T) * 8 - 1);

template <typename T>
constexpr T infinity = std::numeric_limits<T>::infinity();

/// All bits set if c.
template <typename T>
inline Bits<T> mask(bool c) {
    return Bits<T>{0} - static_cast<Bits<T>>(c);
}

/// c ? a : b without control flow. Otherwise compilers would follow each outcome of one comparison through the next
/// ones and make more selections than there are here.
template <typename T>
inline T select(bool c, T a, T b) {
    return from_bits((bits_of(a) & mask<T>(c)) | (bits_of(b) & ~mask<T>(c)));
}

/// NaN if c, else value.
template <typename T>
inline T nan_if(bool c, T value) {
    return from_bits(bits_of(value) | mask<T>(c));
}

template <typename T>
inline T abs(T x) {
    return from_bits(bits_of(x) & ~sign_bit<T>);
}

/// x with the sign of y. x must not have the opposite sign.
template <typename T>
inline T with_sign_of(T x, T y) {
    return from_bits(bits_of(x) | (bits_of(y) & sign_bit<T>));
}

/// x up to limit, else limit (also for a positive NaN), for limit > 0. Positive numbers are ordered as their bits are.
template <typename T>
inline T at_most(T x, T limit) {
    using S = typename number<T>::signed_type;
    const S i = static_cast<S>(bits_of(x)), j = static_cast<S>(bits_of(limit));
    return from_bits(static_cast<Bits<T>>(i < j ? i : j));
}

/// x from limit on, else limit (also for a negative NaN), for limit < 0. With the sign bit set, the order is reversed.
template <typename T>
inline T at_least(T x, T limit) {
    const Bits<T> i = bits_of(x), j = bits_of(limit);
    return from_bits(i < j ? i : j);
}

/// The upper 12 bits of the significand: the product of two such numbers is exact.
inline float head(float x) {
    return from_bits(bits_of(x) & 0xfffff000u);
}

/// c0 + c1 x + c2 x^2 + ...
template <typename T>
inline T horner(T, T c0) {
    return c0;
}

template <typename T, typename... C>
inline T horner(T x, T c0, C... more) {
    return c0 + x * horner(x, more...);
}

// Exponential functions.

// x = n ln2 + r with a whole n and |r| <= ln2 / 2. Adding round_to_whole = 1.5 * 2^fraction_bits rounds to a whole
// number and leaves it in the low bits of the sum. A whole number `offset` is added too, so that these bits, shifted
// up, are an exponent.

/// 2^n for sum = round_to_whole + n + bias. In all of these, the exponent must be in the range of normal numbers.
template <typename T>
inline T power_of_two(T sum) {
    return from_bits(bits_of(sum) << number<T>::fraction_bits);
}

/// v 2^n for sum = round_to_whole + n + 2 bias: in two steps, so that the result may be denormal or infinite.
template <typename T>
inline T scale(T v, T sum) {
    const Bits<T> i = bits_of(sum), half = i >> 1;
    return v * from_bits(half << number<T>::fraction_bits) * from_bits((i - half) << number<T>::fraction_bits);
}

/// v 2^n for n <= 0 and sum = round_to_whole + n + down_offset: cheaper, and the result may be denormal too.
template <typename T>
inline T scale_down(T v, T sum) {
    return v * power_of_two(sum) * number<T>::down;
}

/// e^r - 1 - r for |r| <= 0.3475. Fit: 2^-28.2 of e^r.
inline float expm1_tail(float r) {
    const float z = r * r;
    return z * (horner(z, 0.49999994f, 0.0416682921f, 0.00138186931f) + r * horner(z, 0.166665211f, 0.00836871564f));
}

/// The same. Fit: 2^-57.9 of e^r.
inline double expm1_tail(double r) {
    const double z = r * r;
    const double even = horner(z,
                               0.50000000000000111,
                               0.041666666666527893,
                               0.0013888888944062685,
                               2.4801492713412085e-05,
                               2.7630379349178643e-07);
    const double odd = horner(z,
                              0.16666666666666449,
                              0.008333333333478004,
                              0.00019841269533494912,
                              2.7557567127044013e-06,
                              2.5005175200276835e-08);
    return z * (even + r * odd);
}

template <typename T>
inline T expm1_core(T r) {
    return r + expm1_tail(r);
}

/// Sets sum = round_to_whole + n + offset and returns e^r - 1.
template <typename T>
inline T reduced_expm1(T x, T offset, T& sum) {
    using N = number<T>;
    sum = x * N::log2_e + (N::round_to_whole + offset);
    const T n = sum - (N::round_to_whole + offset);
    return expm1_core((x - n * N::ln2_high) - n * N::ln2_low);
}

// Logarithms.

/// x = 2^k (1 + f) for a normal x > 0 and 1 + f in [sqrt(1/2), sqrt(2)): returns f; biased = k + bias.
template <typename T>
inline T split_exponent(T x, Bits<T>& biased) {
    using N = number<T>;
    const Bits<T> u = bits_of(x) + (N::one - N::sqrt_half);
    biased = u >> N::fraction_bits;
    return from_bits((u & ((Bits<T>{1} << N::fraction_bits) - 1)) + N::sqrt_half) - T{1};
}

/// k as a floating-point number.
template <typename T>
inline T exponent_value(Bits<T> biased) {
    constexpr T shift = T(Bits<T>{1} << number<T>::fraction_bits);
    return from_bits(biased | bits_of(shift)) - (shift + number<T>::bias);
}

/// split_exponent for a denormal x too.
template <typename T>
inline T split_any_exponent(T x, T& k) {
    constexpr T shift = T(Bits<T>{4} << number<T>::fraction_bits);
    const bool tiny = x < std::numeric_limits<T>::min();
    Bits<T> biased;
    const T f = split_exponent(select(tiny, x * shift, x), biased);
    k = exponent_value<T>(biased) - select(tiny, T(number<T>::fraction_bits + 2), T{0});
    return f;
}

/// log(1 + f) - f for 1 + f in [sqrt(1/2), sqrt(2)]. Fit: 2^-27.3 of log(1 + f).
inline float log1p_tail(float f) {
    const float z = f * f;
    const float even = horner(z, 0.333333313f, 0.200012416f, 0.142015785f, 0.127622381f);
    const float odd = horner(z, -0.250008196f, -0.166234091f, -0.131596074f, -0.0763648748f);
    return z * (f * (even + f * odd) - 0.5f);
}

/// The same, by log(1 + f) = 2 atanh(s) with s = f / (2 + f) and a polynomial of s^2. Fit: 2^-58.5.
inline double log1p_tail(double f) {
    const double s = f / (2.0 + f), z = s * s, h = 0.5 * f * f;
    const double p = horner(z,
                            0.66666666666667351,
                            0.39999999999409713,
                            0.28571428743522154,
                            0.22222198453381939,
                            0.18183570747330394,
                            0.15313880911164512,
                            0.14797703100690077);
    return s * (h + z * p) - h;
}

/// log(2^k (1 + f)).
template <typename T>
inline T log_core(T f, T k) {
    return k * number<T>::ln2_high + (f + (log1p_tail(f) + k * number<T>::ln2_low));
}

/// `value`, or the special cases that all logarithms have in common; x is relative to the pole at 0.
template <typename T>
inline T log_limits(T x, T value) {
    value = select(x == infinity<T>, x, value);
    value = select(x == T{0}, -infinity<T>, value);
    return nan_if(!(x >= T{0}), value);
}

// Sine and cosine.

// Up to this limit, float is exact enough to find the multiple of pi. Beyond it, x is taken as 0.
constexpr float sin_limit = 131072.0f;
// 36 bits: the product with a multiple of 1/2 below 2^16 is exact.
constexpr double pi_high = 0x1.921fb54440000p+1;
constexpr double pi_low = 0x1.68c234c4c6629p-38;

/// sin(x - k pi) for |x - k pi| <= 1.59, with the sign changed if the lowest bit of `flip` is set. Fit: 2^-27.
inline float sin_core(float x, float k, std::uint32_t flip) {
    const double kd = k;
    const double r = (x - kd * pi_high) - kd * pi_low;
    const double z = r * r;
    const float zf = static_cast<float>(z);
    // Only the smallest term is computed in float.
    const float p = zf * horner(zf, 0.00833303016f, -0.000198068476f, 2.5994932e-06f);
    return from_bits(bits_of(static_cast<float>(r + r * z * (-0.166666582 + p))) ^ (flip << 31));
}

}  // namespace math_detail
}  // namespace ovext
