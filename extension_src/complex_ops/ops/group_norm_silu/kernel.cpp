#include "ops/group_norm_silu/kernel.hpp"

#include <ovext/elements.hpp>

namespace group_norm_silu {
namespace {

// Each sum is split into this many partial sums: a single sum would have to be added in order, without vectors. The
// number is the same for every instruction set, so that all of them return the same bits.
constexpr std::size_t lanes = 64;
// This many elements are summed in f32 before the sum continues in f64.
constexpr std::size_t block = 64 * lanes;

/// The sum of term(x) for all elements.
template <typename Type, typename Term>
double sum(const typename Type::Memory* data, std::size_t count, Term term) {
    double total = 0.0;
    for (std::size_t begin = 0; begin < count; begin += block) {
        const std::size_t end = begin + block < count ? begin + block : count;
        float parts[lanes] = {};
        std::size_t i = begin;
        for (; i + lanes <= end; i += lanes) {
            for (std::size_t lane = 0; lane < lanes; ++lane) {
                parts[lane] += term(Type::load(data[i + lane]));
            }
        }
        for (std::size_t lane = 0; i + lane < end; ++lane) {
            parts[lane] += term(Type::load(data[i + lane]));
        }
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            total += parts[lane];
        }
    }
    return total;
}

/// e^-|x| to a few units in the last place; |x| above 87 is taken as 87.
///
/// Here and below, numbers are chosen by arithmetic: compilers turn `?:` on floats into branches and do not vectorise.
inline float decay(float value) {
    constexpr std::uint32_t largest = 0x42ae0000u;  // 87.0f, whose bits are above those of all smaller ones
    const std::uint32_t magnitude = ovext::bits_of(value) & 0x7fffffffu;
    const float x = -ovext::from_bits(magnitude < largest ? magnitude : largest);
    // x = n * ln 2 + r with |r| <= ln 2 / 2; adding and subtracting 1.5 * 2^23 rounds to a whole number.
    constexpr float rounder = 12582912.0f;
    const float n = (x * 1.44269504f + rounder) - rounder;
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    // Cephes' polynomial for e^r.
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = (p * r * r + r) + 1.0f;
    const auto exponent = static_cast<std::uint32_t>(static_cast<std::int32_t>(n) + 127) << 23;
    return p * ovext::from_bits(exponent);
}

}  // namespace

template <typename Type>
void normalise(const void* data_memory,
               const void* scale_memory,
               const void* bias_memory,
               void* output_memory,
               std::size_t channels,
               std::size_t count,
               float epsilon) {
    using Memory = typename Type::Memory;
    const auto* data = static_cast<const Memory*>(data_memory);
    const auto* scale = static_cast<const Memory*>(scale_memory);
    const auto* bias = static_cast<const Memory*>(bias_memory);
    auto* output = static_cast<Memory*>(output_memory);

    const std::size_t all = channels * count;
    const auto mean = static_cast<float>(sum<Type>(data,
                                                   all,
                                                   [](float x) {
                                                       return x;
                                                   }) /
                                         static_cast<double>(all));
    const double squares = sum<Type>(data, all, [mean](float x) {
        return (x - mean) * (x - mean);
    });
    const auto variance = static_cast<float>(squares / static_cast<double>(all));
    const float normal = 1.0f / __builtin_sqrtf(variance + epsilon);

    for (std::size_t channel = 0; channel < channels; ++channel) {
        const float factor = normal * Type::load(scale[channel]);
        const float shift = Type::load(bias[channel]);
        const Memory* from = data + channel * count;
        Memory* to = output + channel * count;
        for (std::size_t i = 0; i < count; ++i) {
            const float x = (Type::load(from[i]) - mean) * factor + shift;
            // sigmoid(x) is 1 / (1 + e^-|x|) above zero, and e^-|x| / (1 + e^-|x|) below.
            const float e = decay(x);
            const auto is_above = static_cast<float>(x > 0.0f);
            to[i] = Type::store(x * (e + is_above * (1.0f - e)) / (1.0f + e));
        }
    }
}

template decltype(normalise<ovext::f32>) normalise<ovext::f32>;
template decltype(normalise<ovext::f16>) normalise<ovext::f16>;
template decltype(normalise<ovext::bf16>) normalise<ovext::bf16>;

}  // namespace group_norm_silu
