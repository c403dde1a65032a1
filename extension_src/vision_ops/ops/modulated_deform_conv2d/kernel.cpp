#include "ops/modulated_deform_conv2d/kernel.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <ovext/elements.hpp>
#include <type_traits>

namespace modulated_deform_conv2d {
namespace {

#if defined(__AVX512F__)
constexpr std::size_t vector_bytes = 64;
constexpr std::size_t together = 12;  // channels of the output whose sums are in registers at once
#elif defined(__AVX__)
constexpr std::size_t vector_bytes = 32;
constexpr std::size_t together = 3;
#else
constexpr std::size_t vector_bytes = 16;
constexpr std::size_t together = 1;
#endif
using Vector = float __attribute__((vector_size(vector_bytes)));
constexpr std::size_t lanes = vector_bytes / sizeof(float);
constexpr std::size_t vectors = tile / lanes;  // of a tile

/// The outputs of a tile.
struct Place {
    std::size_t image;
    std::size_t first;
    std::size_t count;
};

/// The four values that a tap of the kernel reads, and their shares; those out of the image have the share 0.
struct Tap {
    std::int32_t at[4];
    float share[4];
};

Tap tap_at(float y, float x, float mask, std::ptrdiff_t height, std::ptrdiff_t width) {
    Tap tap = {};
    if (!(y > -1 && x > -1 && y < static_cast<float>(height) && x < static_cast<float>(width))) {
        return tap;
    }
    const float top = std::floor(y);
    const float left = std::floor(x);
    for (int corner = 0; corner < 4; ++corner) {
        const auto row = static_cast<std::ptrdiff_t>(top) + corner / 2;
        const auto column = static_cast<std::ptrdiff_t>(left) + corner % 2;
        if (row >= 0 && row < height && column >= 0 && column < width) {
            const float down = corner / 2 == 0 ? 1 - (y - top) : y - top;
            const float right = corner % 2 == 0 ? 1 - (x - left) : x - left;
            tap.at[corner] = static_cast<std::int32_t>(row * width + column);
            tap.share[corner] = down * right * mask;
        }
    }
    return tap;
}

/// What each tap of the kernel reads for each output of the tile, and each channel: columns[channel][tap][output].
template <typename Data, typename Offset, typename Mask>
void read_columns(const void* data,
                  const void* offset,
                  const void* mask,
                  const Sizes& sizes,
                  const Parameters& parameters,
                  const Place& place,
                  Tap* taps,
                  Vector* columns) {
    const std::size_t area = sizes.OH * sizes.OW;
    const std::size_t each = sizes.KH * sizes.KW;
    const std::size_t channels = sizes.C / parameters.deform_groups;
    const auto height = static_cast<std::ptrdiff_t>(sizes.H);
    const auto width = static_cast<std::ptrdiff_t>(sizes.W);
    auto* to = reinterpret_cast<float*>(columns);
    for (std::size_t group = 0; group < parameters.deform_groups; ++group) {
        for (std::size_t k = 0; k < each; ++k) {
            const std::size_t plane = place.image * parameters.deform_groups * each + group * each + k;
            const auto* offsets = static_cast<const typename Offset::Memory*>(offset) + plane * 2 * area + place.first;
            const auto* masks = static_cast<const typename Mask::Memory*>(mask) + plane * area + place.first;
            for (std::size_t i = 0; i < place.count; ++i) {
                const auto row = static_cast<std::int64_t>((place.first + i) / sizes.OW);
                const auto column = static_cast<std::int64_t>((place.first + i) % sizes.OW);
                const auto down = static_cast<std::int64_t>(k / sizes.KW) * parameters.dilation[0];
                const auto right = static_cast<std::int64_t>(k % sizes.KW) * parameters.dilation[1];
                const auto y = static_cast<float>(row * parameters.stride[0] - parameters.padding[0] + down);
                const auto x = static_cast<float>(column * parameters.stride[1] - parameters.padding[1] + right);
                const float moved_y = y + Offset::load(offsets[i]);
                const float moved_x = x + Offset::load(offsets[area + i]);
                taps[i] = tap_at(moved_y, moved_x, Mask::load(masks[i]), height, width);
            }
            for (std::size_t c = group * channels; c < (group + 1) * channels; ++c) {
                const auto* from =
                    static_cast<const typename Data::Memory*>(data) + (place.image * sizes.C + c) * sizes.H * sizes.W;
                float* line = to + (c * each + k) * tile;
                for (std::size_t i = 0; i < place.count; ++i) {
                    const Tap& tap = taps[i];
                    line[i] = sizes.H * sizes.W == 0 ? 0
                                                     : tap.share[0] * Data::load(from[tap.at[0]]) +
                                                           tap.share[1] * Data::load(from[tap.at[1]]) +
                                                           tap.share[2] * Data::load(from[tap.at[2]]) +
                                                           tap.share[3] * Data::load(from[tap.at[3]]);
                }
                std::fill(line + place.count, line + tile, 0.0F);
            }
        }
    }
}

/// Sums of weights times columns for `rows` channels of the output.
template <typename Weight, typename Bias, typename Out>
void multiply(const typename Weight::Memory* weights,
              const Vector* columns,
              std::size_t depth,
              std::size_t rows,
              const typename Bias::Memory* bias,
              typename Out::Memory* output,
              std::size_t area,
              std::size_t count) {
    Vector sums[together][vectors];
    for (std::size_t row = 0; row < together; ++row) {
        for (std::size_t v = 0; v < vectors; ++v) {
            sums[row][v] = Vector{} + (bias == nullptr || row >= rows ? 0.0F : Bias::load(bias[row]));
        }
    }
    const auto add = [&](auto all) {
        for (std::size_t k = 0; k < depth; ++k) {
            for (std::size_t row = 0; row < (decltype(all)::value ? together : rows); ++row) {
                const float weight = Weight::load(weights[row * depth + k]);
                for (std::size_t v = 0; v < vectors; ++v) {
                    sums[row][v] += weight * columns[k * vectors + v];
                }
            }
        }
    };
    if (rows == together) {
        add(std::true_type{});
    } else {
        add(std::false_type{});
    }
    for (std::size_t row = 0; row < rows; ++row) {
        float values[tile];
        std::memcpy(values, sums[row], sizeof(values));
        for (std::size_t i = 0; i < count; ++i) {
            output[row * area + i] = Out::store(values[i]);
        }
    }
}

}  // namespace

template <typename In0Type, typename In1Type, typename In2Type, typename In3Type, typename In4Type, typename Out0Type>
void run(const void* data,
         const void* offset,
         const void* mask,
         const void* weight,
         const void* bias,
         void* output,
         const Sizes& sizes,
         std::size_t begin,
         std::size_t end,
         void* scratch,
         const Parameters& parameters) {
    const std::size_t area = sizes.OH * sizes.OW;
    const std::size_t tiles = (area + tile - 1) / tile;
    auto* taps = static_cast<Tap*>(scratch);
    auto* columns = reinterpret_cast<Vector*>(taps + tile);
    const std::size_t each = sizes.KH * sizes.KW;
    const std::size_t depth = sizes.I * each;  // of the columns of a group
    const std::size_t outputs = sizes.O / parameters.groups;
    const auto* biases = static_cast<const typename In4Type::Memory*>(bias);
    for (std::size_t number = begin; number < end; ++number) {
        const std::size_t image = number / tiles;
        const std::size_t first = number % tiles * tile;
        const std::size_t count = std::min(tile, area - first);
        const Place place{image, first, count};
        read_columns<In0Type, In1Type, In2Type>(data, offset, mask, sizes, parameters, place, taps, columns);
        for (std::size_t group = 0; group < parameters.groups; ++group) {
            const auto* factors = static_cast<const typename In3Type::Memory*>(weight) + group * outputs * depth;
            const Vector* from = columns + group * depth * vectors;
            for (std::size_t o = 0; o < outputs; o += together) {
                const std::size_t channel = group * outputs + o;
                auto* to = static_cast<typename Out0Type::Memory*>(output) + (image * sizes.O + channel) * area + first;
                const std::size_t rows = std::min(together, outputs - o);
                const auto* added = biases == nullptr ? nullptr : biases + channel;
                multiply<In3Type, In4Type, Out0Type>(factors + o * depth, from, depth, rows, added, to, area, count);
            }
        }
    }
}

// The element types that op.cpp asks for.
template decltype(run<ovext::f32, ovext::f32, ovext::f32, ovext::f32, ovext::f32, ovext::f32>)
    run<ovext::f32, ovext::f32, ovext::f32, ovext::f32, ovext::f32, ovext::f32>;
template decltype(run<ovext::f16, ovext::f16, ovext::f16, ovext::f16, ovext::f16, ovext::f16>)
    run<ovext::f16, ovext::f16, ovext::f16, ovext::f16, ovext::f16, ovext::f16>;

}  // namespace modulated_deform_conv2d
