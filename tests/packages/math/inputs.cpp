#include "inputs.hpp"

#include <ovext/bits.hpp>

#include <cmath>
#include <random>

using ovext::bits_of;
using ovext::from_bits;

namespace {

constexpr std::uint32_t sign = 0x80000000u;
constexpr std::uint32_t infinity = 0x7f800000u;

void add_around(std::vector<std::uint32_t>& found, std::uint32_t bits, int distance) {
    for (int step = -distance; step <= distance; ++step) {
        found.push_back(bits + static_cast<std::uint32_t>(step));
    }
}

}  // namespace

std::vector<float> edges() {
    std::vector<std::uint32_t> found = {infinity + 1, 0x7fbfffffu, 0x7fc00000u, 0x7fc12345u, 0x7fffffffu};
    for (std::uint32_t exponent = 0; exponent <= 255; ++exponent) {
        add_around(found, exponent << 23, 3);
    }
    for (int bit = 0; bit < 23; ++bit) {
        add_around(found, 1u << bit, 2);
    }
    // Where results overflow or underflow, and where the functions switch to another method.
    for (const double value :
         {104.0,  103.97207708, 103.2789,  89.0,       88.72283905, 88.3762626647, 87.3365447506, 151.0,      150.0,
          149.0,  129.0,        17.5,      17.3286795, 16.6355,     0.34657359,    1.0397207,     0.5625,     0.625,
          0.6875, 20.0,         10.0,      9.010913,   0.8125,      0.75,          4.0,           3.832506,   14.5,
          14.36,  13.2,         131072.0,  1e5,        1.41421356,  0.70710678,    0.41421356,    0.29289322, 1.5,
          2.5,    3.0,          8388608.0, 16777216.0, 12582912.0}) {
        add_around(found, bits_of(static_cast<float>(value)), 8);
    }
    for (int k = 1; k < 64000; k += k < 400 ? 1 : 97) {
        add_around(found, bits_of(static_cast<float>(k * 1.57079632679489661923)), 2);
        add_around(found, bits_of(static_cast<float>(k * 0.34657359027997265)), 2);
    }
    std::vector<float> result;
    for (const auto bits : found) {
        result.push_back(from_bits(bits & ~sign));
        result.push_back(from_bits(bits | sign));
    }
    return result;
}

std::vector<std::pair<float, float>> pow_edges() {
    std::vector<float> values = {0.0f,  1.0f,  2.0f,   3.0f,   4.0f,   5.0f,   7.0f,   10.0f,  100.0f, 0.5f,
                                 1.5f,  2.5f,  0.25f,  0.1f,   0.9f,   1.1f,   126.0f, 127.0f, 128.0f, 149.0f,
                                 1e10f, 1e38f, 1e-10f, 1e-38f, 1e-40f, 150.0f, 151.0f, 160.0f};
    // From 2^23 on, every float is whole; from 2^24 on, every float is even.
    for (const float whole : {4194304.5f, 8388608.0f, 16777216.0f}) {
        values.insert(values.end(), {whole, std::nextafter(whole, 0.0f), std::nextafter(whole, 1e9f)});
    }
    for (const std::uint32_t bits : {1u,
                                     0x7fffffu,
                                     0x800000u,
                                     infinity - 1,
                                     infinity,
                                     infinity + 1,
                                     0x7fc00000u,
                                     0x3f7fffffu,
                                     0x3f800001u,
                                     0x3f3504f3u,
                                     0x3f3504f4u,
                                     0x3fb504f3u,
                                     0x3fb504f4u}) {
        values.push_back(from_bits(bits));
    }
    for (std::uint32_t bits = 0; bits < infinity; bits += 0x555555u) {
        values.push_back(from_bits(bits));
    }
    std::vector<std::pair<float, float>> pairs;
    for (const float x : values) {
        for (const float y : values) {
            pairs.insert(pairs.end(), {{x, y}, {x, -y}, {-x, y}, {-x, -y}});
        }
    }
    return pairs;
}

void pow_block(std::uint64_t number, std::vector<float>& x, std::vector<float>& y) {
    std::mt19937_64 random(number * 7919 + 1);
    for (std::size_t i = 0; i < x.size(); ++i) {
        const std::uint64_t bits = random();
        const auto low = static_cast<std::uint32_t>(bits);
        const double part = static_cast<double>(bits >> 40) * 0x1p-24;
        const double logarithm = part * 285 - 155;  // of the result
        switch (i % 5) {
            case 0:
                x[i] = from_bits(low);
                y[i] = from_bits(static_cast<std::uint32_t>(bits >> 32));
                break;
            case 1:
                x[i] = from_bits(low & ~sign);
                y[i] = static_cast<float>(logarithm / std::log2(static_cast<double>(x[i])));
                break;
            case 2:
                x[i] = static_cast<float>(1.0 + std::ldexp(static_cast<double>(static_cast<std::int32_t>(low)),
                                                           -31 - static_cast<int>(bits >> 32 & 15)));
                y[i] = static_cast<float>(logarithm / std::log2(std::fabs(static_cast<double>(x[i]))));
                break;
            case 3:
                x[i] = static_cast<float>(static_cast<std::int32_t>(low)) * 0x1p-24f;
                y[i] = static_cast<float>(static_cast<int>(bits >> 32 & 63) - 32);
                break;
            default:
                x[i] = static_cast<float>(low) * 0x1p-28f;
                y[i] = static_cast<float>((part - 0.5) * 16);
                break;
        }
    }
}
