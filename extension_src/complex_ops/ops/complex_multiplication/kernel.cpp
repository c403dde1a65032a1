#include "ops/complex_multiplication/kernel.hpp"

#include <ovext/elements.hpp>
#include <ovext/stream.hpp>

namespace complex_multiplication {
namespace {

inline float with_sign_changed(float value, std::uint32_t sign) {
    return ovext::from_bits(ovext::bits_of(value) ^ sign);
}

/// `step` is other_step as a compile-time constant: with a variable step, the vectorised loop is slower.
///
/// Both parts are sums, and signs are changed in the bits: GCC turns a difference next to a sum into one instruction
/// that fuses them with the multiplications, even under -ffp-contract=off.
template <typename Type, std::size_t step>
void multiply_by(const typename Type::Memory* first,
                 const typename Type::Memory* second,
                 typename Type::Memory* product,
                 std::size_t count,
                 bool is_conj) {
    constexpr std::uint32_t minus = 0x80000000u;
    const std::uint32_t sign_of_real = is_conj ? 0 : minus;
    const std::uint32_t sign_of_imaginary = is_conj ? minus : 0;
    for (std::size_t i = 0; i < count; ++i) {
        const float a = Type::load(first[2 * i]);
        const float b = Type::load(first[2 * i + 1]);
        const float c = Type::load(second[2 * i * step]);
        const float d = Type::load(second[2 * i * step + 1]);
        product[2 * i] = Type::store(a * c + with_sign_changed(b * d, sign_of_real));
        product[2 * i + 1] = Type::store(b * c + with_sign_changed(a * d, sign_of_imaginary));
    }
}

}  // namespace

template <typename Type>
void multiply(
    const void* data, const void* other, std::size_t other_step, void* output, std::size_t count, bool is_conj) {
    const auto run = other_step == 1 ? multiply_by<Type, 1> : multiply_by<Type, 0>;
    run(static_cast<const typename Type::Memory*>(data),
        static_cast<const typename Type::Memory*>(other),
        static_cast<typename Type::Memory*>(output),
        count,
        is_conj);
}

template decltype(multiply<ovext::f32>) multiply<ovext::f32>;
template decltype(multiply<ovext::f16>) multiply<ovext::f16>;
template decltype(multiply<ovext::bf16>) multiply<ovext::bf16>;

void multiply_streamed(
    const void* data, const void* other, std::size_t other_step, void* output, std::size_t count, bool is_conj) {
    constexpr std::size_t block = 128;               // complex numbers: 1 KiB, measured best
    constexpr std::size_t size = 2 * sizeof(float);  // of one
    alignas(ovext::stream_line) float buffer[2 * block];
    const auto* first = static_cast<const float*>(data);
    const auto* second = static_cast<const float*>(other);
    auto* product = static_cast<float*>(output);

    const auto run = [=](std::size_t at, float* to, std::size_t numbers) {
        multiply<ovext::f32>(first + 2 * at, second + 2 * at * other_step, other_step, to, numbers, is_conj);
    };
    // Up to the next cache line, if whole complex numbers lead to one.
    const std::size_t past_line = reinterpret_cast<std::uintptr_t>(product) % ovext::stream_line;
    const std::size_t to_line = past_line % size == 0 ? (ovext::stream_line - past_line) / size : count;
    std::size_t done = to_line < count ? to_line : count;
    run(0, product, done);
    for (; done + block <= count; done += block) {
        run(done, buffer, block);
        ovext::stream_lines(product + 2 * done, buffer, sizeof(buffer));
    }
    ovext::stream_fence();
    run(done, product + 2 * done, count - done);
}

}  // namespace complex_multiplication
