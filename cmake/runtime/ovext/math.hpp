// Elementwise mathematical functions that compilers vectorise: a plain loop
//
//     for (i = 0; i < count; ++i) output[i] = ovext::exp(x[i]);
//
// becomes packed instructions of the instruction set that it is compiled for, with the options that ovext uses for
// kernels (-O3 -fno-trapping-math -fno-math-errno).
//
// A result has the same bits in a single call, in each lane of a vector and for each instruction set. The functions use
// only IEEE operations (+ - * / sqrt, comparisons, conversions, integer operations on the bits), in a fixed order and,
// under -ffp-contract=off, never fused. They assume rounding to nearest, and that denormals are not flushed to zero.
// For a NaN, they return some NaN.
//
// The errors are the largest that were found, in units in the last place (ULP) of the true result. Functions of one
// float were tried with all floats, the others with many values. The coefficients of all polynomials are minimax fits,
// rounded to the type that they are used in. The largest error of each fit is next to it.
#pragma once

#include <ovext/math_core.hpp>

namespace ovext {
namespace math_detail {

template <typename T>
inline T exp(T x, T lowest, T highest) {
    constexpr T offset = 2 * number<T>::bias;
    T sum;
    const T q = reduced_expm1(at_least(at_most(x, highest), lowest), offset, sum);
    return nan_if(x != x, scale(T{1} + q, sum));
}

template <typename T>
inline T exp2(T x, T lowest, T highest) {
    constexpr T shift = number<T>::round_to_whole + 2 * number<T>::bias;
    const T y = at_least(at_most(x, highest), lowest);
    const T sum = y + shift;
    const T r = y - (sum - shift);
    return nan_if(x != x, scale(T{1} + expm1_core(r * T(0.69314718055994531)), sum));
}

template <typename T>
inline T log(T x) {
    T k;
    const T f = split_any_exponent(x, k);
    return log_limits(x, log_core(f, k));
}

template <typename T>
inline T log2(T x) {
    T k;
    const T f = split_any_exponent(x, k);
    // f is added unchanged, so that only the part of log2(e) beyond 1 is rounded.
    return log_limits(x, k + (f + (f * T(0.44269504088896341) + log1p_tail(f) * number<T>::log2_e)));
}

}  // namespace math_detail

/// The square root, correctly rounded.
inline float sqrt(float x) {
    return __builtin_sqrtf(x);
}

/// The square root, correctly rounded.
inline double sqrt(double x) {
    return __builtin_sqrt(x);
}

/// 1 / sqrt(x). Error 1.5 ULP.
inline float rsqrt(float x) {
    return 1.0f / sqrt(x);
}

/// Error 1.5 ULP.
inline double rsqrt(double x) {
    return 1.0 / sqrt(x);
}

/// e^x. Error 1.1 ULP.
inline float exp(float x) {
    return math_detail::exp(x, -104.0f, 89.0f);
}

/// Error 1.0 ULP.
inline double exp(double x) {
    return math_detail::exp(x, -746.0, 710.0);
}

/// 2^x. Error 1.1 ULP.
inline float exp2(float x) {
    return math_detail::exp2(x, -151.0f, 129.0f);
}

/// Error 1.1 ULP.
inline double exp2(double x) {
    return math_detail::exp2(x, -1076.0, 1025.0);
}

/// e^x - 1. Error 1.8 ULP.
inline float expm1(float x) {
    using namespace math_detail;
    float sum;
    const float q = reduced_expm1(at_least(at_most(x, 89.0f), -17.5f), 126.0f, sum);
    const float half_power = power_of_two(sum);  // 2^n itself could overflow
    const float general = 2.0f * (half_power * q + (half_power - 0.5f));
    return nan_if(x != x, with_sign_of(select(half_power == 0.5f, q, general), x));
}

/// The natural logarithm. Error 1.0 ULP.
inline float log(float x) {
    return math_detail::log(x);
}

/// Error 0.9 ULP.
inline double log(double x) {
    return math_detail::log(x);
}

/// The logarithm to base 2. Error 1.6 ULP.
inline float log2(float x) {
    return math_detail::log2(x);
}

/// Error 1.3 ULP.
inline double log2(double x) {
    return math_detail::log2(x);
}

/// log(1 + x). Error 1.6 ULP.
inline float log1p(float x) {
    using namespace math_detail;
    const float u = 1.0f + x;
    const float v = u - 1.0f;
    const float lost = (1.0f - (u - v)) + (x - v);  // u + lost == 1 + x
    std::uint32_t biased;
    float f = split_exponent(u, biased);
    const float twice_inverse_power = from_bits((255u - biased) << 23);
    f += lost * 0.5f * twice_inverse_power;
    return with_sign_of(log_limits(u, log_core(f, exponent_value<float>(biased))), x);
}

/// log(1 + e^x). Error 1.8 ULP.
inline float softplus(float x) {
    using namespace math_detail;
    float sum;
    const float q = reduced_expm1(-at_most(abs(x), 104.0f), number<float>::down_offset, sum);
    const float p = 1.0f + q;
    const float e = scale_down(p, sum);  // e^-|x|
    const float e_lost = scale_down(q - (p - 1.0f), sum);
    // log(1 + e + e_lost) with 1 + e in [1, 2].
    const float u = 1.0f + e;
    const float lost = (e - (u - 1.0f)) + e_lost;
    const bool upper = u > 1.41421356f;
    const float inverse_power = select(upper, 0.5f, 1.0f);
    const float f = (u * inverse_power - 1.0f) + lost * inverse_power;
    return select(x < 0.0f, 0.0f, x) + log_core(f, select(upper, 1.0f, 0.0f));
}

/// The hyperbolic tangent. Error 2.0 ULP.
inline float tanh(float x) {
    using namespace math_detail;
    using N = number<float>;
    const float a = abs(x);
    // tanh(a) / a - 1. Fit: 2^-24.4
    const float z = a * a;
    const float p = z * horner(z, -0.333328903f, 0.133193433f, -0.0525794402f, 0.0162563976f);

    // For a large a, an error of e^(2a) matters little. Since n is small, one product with ln2 is exact enough.
    constexpr float shift = N::round_to_whole + N::bias;
    const float limited = at_most(a, 10.0f);
    const float sum = limited * (2.0f * N::log2_e) + shift;
    const float r = limited - (sum - shift) * 0.346573591f;
    // e^(2r) for |r| <= 0.1735. Fit: 2^-23.3
    const float r2 = r * r;
    const float e =
        1.0f + (r * horner(r2, 1.9999994f, 1.33341217f, 0.265262246f) + r2 * horner(r2, 1.99996579f, 0.670377016f));
    const float large = 1.0f - 2.0f / (e * power_of_two(sum) + 1.0f);
    return with_sign_of(a >= 0.5625f ? large : a + a * p, x);  // a NaN takes the second branch
}

/// Error 2.6 ULP.
inline double tanh(double x) {
    using namespace math_detail;
    double sum;
    const double q = reduced_expm1(2.0 * at_most(abs(x), 20.0), number<double>::bias, sum);
    const double power = power_of_two(sum);
    const double e = power * q + (power - 1.0);  // e^(2 |x|) - 1
    return nan_if(x != x, with_sign_of(e / (e + 2.0), x));
}

/// 1 / (1 + e^-x). Error 1.9 ULP.
inline float sigmoid(float x) {
    using namespace math_detail;
    using N = number<float>;
    // e^-x = 2^n (1 + q), but all is multiplied by 2^-64, so that no power overflows even where the result is denormal,
    // and by 1.25, so that fewer sums are just above a power of two, where rounding costs most.
    constexpr float unit = 1.25f, down = 0x1p-64f;
    constexpr float shift = N::round_to_whole + N::bias - 64.0f;
    const float y = at_least(at_most(x, 20.0f), -104.0f);
    const float sum = y * -N::log2_e + shift;
    const float n = sum - shift;
    const float r = (n * -N::ln2_high - y) - n * N::ln2_low;
    // Fit: 2^-28.1 of e^r
    const float z = r * r;
    const float q =
        r * horner(z, unit, 0.20833154f, 0.0104606552f) + z * horner(z, 0.62499994f, 0.0520851016f, 0.00172847614f);
    const float power = power_of_two(sum);
    // 1 is added as 2^n 2^-n. The small terms are added first, so that there is only one large rounding.
    const std::int32_t inverse = static_cast<std::int32_t>(bits_of(unit * down) + bits_of(1.0f) - bits_of(power));
    const float inverse_power = from_bits(static_cast<std::uint32_t>(inverse > 0 ? inverse : 0));
    return nan_if(x != x, unit * down / (power * (unit + (q + inverse_power))));
}

/// Error 1.9 ULP.
inline double sigmoid(double x) {
    using namespace math_detail;
    double sum;
    const double q = reduced_expm1(-at_most(abs(x), 746.0), number<double>::down_offset, sum);
    const double e = scale_down(1.0 + q, sum);  // e^-|x|
    const double d = 1.0 + e;
    const double result = select(x < 0.0, e, 1.0) / d;
    const double lost = e - (d - 1.0);  // d + lost == 1 + e
    // lost / d would be exact, but d is near 1 where it matters.
    return nan_if(x != x, result - result * lost);
}

/// The error function. Error 1.5 ULP.
inline float erf(float x) {
    using namespace math_detail;
    const float a = at_most(abs(x), 4.0f);
    const float z = a * a;
    // erf(a) / a - 1. Fit: 2^-27.9
    const float p =
        horner(z, 0.128379166f, -0.376126081f, 0.112831511f, -0.0268212985f, 0.00508443732f, -0.000652278773f);
    // -log(1 - erf(a)). Fit: 2^-28.7 of erf(a)
    const float g = horner(z, 7.46954902e-05f, 0.636291802f, -0.0226228628f, -0.000206513447f) +
                    a * horner(z, 1.12819016f, 0.104733437f, 0.00314480625f);
    float sum;
    const float q = reduced_expm1(-g, number<float>::bias, sum);
    const float large = 1.0f - (1.0f + q) * power_of_two(sum);
    return nan_if(x != x, with_sign_of(select(a < 0.8125f, a + a * p, large), x));
}

/// x (1 + erf(x / sqrt(2))) / 2, and -0 for minus infinity. Error 1.9 ULP.
inline float gelu(float x) {
    using namespace math_detail;
    using N = number<float>;
    // gelu(x) = max(x, 0) - g for g = a P(a), a = |x| and P(a) = (1 - erf(a / sqrt(2))) / 2.
    const float a = at_most(abs(x), 14.5f);

    // P(a) = 1/2 - a p(a^2) for small a. Fit: 2^-24.4 of g
    const float z = a * a;
    const float half = 0.5f * a;
    const float small = half - z * horner(z, 0.398942053f, -0.0664844662f, 0.00993052591f, -0.00106823607f);

    // For a large a: -a^2/2 = -(square + square_low) = n ln2 + r, with an exact `square`.
    const float a_head = head(a), half_head = head(half);
    const float square = a_head * half_head;
    const float square_low = (a + a_head) * (half - half_head);
    constexpr float shift = N::round_to_whole + N::down_offset - 2.0f;  // -2 for the division by 4 below
    const float sum = z * (-0.5f * N::log2_e) + shift;
    const float n = sum - shift;
    const float r_high = n * -N::ln2_high - square;  // exact
    const float r_low = n * N::ln2_low + square_low;
    const float q = r_high + (expm1_tail(r_high - r_low) - r_low);

    // 4 g e^(a^2/2) - 1 as a polynomial of s: it is flat, so rounding s matters little. Fit: 2^-26.5 of g
    const float d = a + 3.0f;
    const float d_lost = a - (d - 3.0f);  // its effect on a / d is -d_lost a / d^2, which is nearly constant
    const float s = (0.328125f - a / d) + d_lost * 0.072f;
    const float s2 = s * s;
    const float upper =
        horner(s2, -1.23673654f, 0.580755591f, -0.551093578f) + s * horner(s2, 1.12288523f, -0.738445282f);
    const float p = horner(s, 0.224679098f, -1.94190288f, -4.0453496f, -4.0291276f, upper);
    const float large = scale_down(1.0f + (p + (q + p * q)), sum);

    // max(x, 0), but -0 for a negative x. By bits: clang turns x < 0 ? -0 : x into a maximum, -0 for +0, too.
    const float positive = from_bits(bits_of(x) & (~mask<float>(x < 0.0f) | sign_bit<float>));
    return positive - (a < 0.6875f ? small : large);
}

/// The sine. Error 0.8 ULP up to |x| = 131072; a larger finite x is taken as 0.
inline float sin(float x) {
    using namespace math_detail;
    const float y = select(abs(x) <= sin_limit, x, x * 0.0f);
    const float sum = y * 0.318309873f + number<float>::round_to_whole;
    const float result = sin_core(y, sum - number<float>::round_to_whole, bits_of(sum));
    return select(y == 0.0f, y, result);
}

/// The cosine. Error 0.8 ULP up to |x| = 131072; a larger finite x is taken as 0.
inline float cos(float x) {
    using namespace math_detail;
    const float y = select(abs(x) <= sin_limit, x, x * 0.0f);
    const float sum = (y * 0.318309873f - 0.5f) + number<float>::round_to_whole;
    return sin_core(y, (sum - number<float>::round_to_whole) + 0.5f, bits_of(sum) + 1u);
}

/// x^y, with the special cases of C's pow. Error 1.1 ULP.
inline float pow(float x, float y) {
    using namespace math_detail;
    const float a = abs(x), b = abs(y);
    float k;
    const float f = split_any_exponent(a, k);
    // log2(1 + f) = 2 atanh(s) / ln2 for s = f / (2 + f). Fit: 2^-37.8
    const double s = static_cast<double>(f) / (2.0 + f);
    const double z = s * s;
    const double p = horner(
        z, 2.8853900817901401, 0.96179667326742724, 0.57708360014972027, 0.41167175585892357, 0.34074880038834415);
    double w = y * (k + s * p);
    w = select(w < -160.0, -160.0, w);
    w = select(w > 160.0, 160.0, w);
    const double n = (w + number<double>::round_to_whole) - number<double>::round_to_whole;
    const float q = expm1_core(static_cast<float>((w - n) * 0.69314718055994531));
    constexpr float shift = number<float>::round_to_whole + 2 * number<float>::bias;
    float result = scale(1.0f + q, static_cast<float>(n) + shift);

    // Where the logarithm above does not hold: a zero or infinite base, and 1 to an infinite power.
    const bool grows = (a > 1.0f) == (y > 0.0f);
    result = select((a == 0.0f) | (a == infinity<float>), select(grows, infinity<float>, 0.0f), result);
    result = select(a == 1.0f, 1.0f, result);

    // Adding 2^23 rounds to a whole number; all floats from 2^23 on are whole, and from 2^24 on even.
    const float half = 0.5f * b;
    const bool whole = (b >= 0x1p23f) | ((b + 0x1p23f) - 0x1p23f == b);
    const bool even = (half >= 0x1p23f) | ((half + 0x1p23f) - 0x1p23f == half);
    result = from_bits(bits_of(result) ^ (bits_of(x) & sign_bit<float> & mask<float>(whole & !even)));
    result = nan_if(((x < 0.0f) & (x > -infinity<float>)&!whole) | (x != x) | (y != y), result);
    return select((y == 0.0f) | (x == 1.0f), 1.0f, result);
}

// These are for float only. For double, <cmath> has them, but compilers do not vectorise those.
double expm1(double) = delete;
double log1p(double) = delete;
double softplus(double) = delete;
double erf(double) = delete;
double gelu(double) = delete;
double sin(double) = delete;
double cos(double) = delete;
double pow(double, double) = delete;

}  // namespace ovext
