#include "ops/custom_relu/kernel.hpp"

#include <ovext/elements.hpp>
#include <ovext/stream.hpp>

#include <algorithm>
#include <limits>

namespace custom_relu {

template <typename Type>
void run(const void* data, void* output, std::size_t count, const Parameters& parameters) {
    const float slope = parameters.negative_slope;
    if (slope != 0.0f) {
        const auto leaky = [slope](float x) {
            return x > 0.0f ? x : x * slope;
        };
        ovext::elementwise<Type>(output, count, leaky, ovext::Input{data});
    } else if constexpr (Type::is_converted) {
        // On the bits themselves: those of all x > 0, and no others, are in 1..infinity.
        const std::uint16_t infinity = Type::store(std::numeric_limits<float>::infinity());
        const auto rectified = [infinity](std::uint16_t bits) {
            const auto from_zero = static_cast<std::uint16_t>(bits - 1u);
            return from_zero < infinity ? bits : std::uint16_t{0};
        };
        ovext::elementwise<ovext::u16>(output, count, rectified, ovext::Input{data});
    } else {
        // Not the general form, in which -inf * 0 would be NaN.
        const auto rectified = [](float x) {
            return x > 0.0f ? x : 0.0f;
        };
        ovext::elementwise<Type>(output, count, rectified, ovext::Input{data});
    }
}

template decltype(run<ovext::f32>) run<ovext::f32>;
template decltype(run<ovext::f16>) run<ovext::f16>;
template decltype(run<ovext::bf16>) run<ovext::bf16>;

void run_streamed(const void* data, void* output, std::size_t count, const Parameters& parameters) {
    constexpr std::size_t block = 1024;  // 4 KiB: stays in the first-level cache
    alignas(ovext::stream_line) float buffer[block];
    const auto* from = static_cast<const float*>(data);
    auto* to = static_cast<float*>(output);

    // Up to the next cache line, or a whole line if the output begins at one.
    const std::size_t past_line = reinterpret_cast<std::uintptr_t>(to) % ovext::stream_line;
    std::size_t done = std::min((ovext::stream_line - past_line) / sizeof(float), count);
    run<ovext::f32>(from, to, done, parameters);
    for (; done + block <= count; done += block) {
        run<ovext::f32>(from + done, buffer, block, parameters);
        ovext::stream_lines(to + done, buffer, sizeof(buffer));
    }
    ovext::stream_fence();
    run<ovext::f32>(from + done, to + done, count - done, parameters);
}

}  // namespace custom_relu
