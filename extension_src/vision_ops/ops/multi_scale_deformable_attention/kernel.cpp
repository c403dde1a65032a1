#include "ops/multi_scale_deformable_attention/kernel.hpp"

#include <cmath>
#include <ovext/elements.hpp>

namespace multi_scale_deformable_attention {
namespace {

struct Grid {
    std::ptrdiff_t height;
    std::ptrdiff_t width;
};

/// A value that is read, and its share of the sum.
struct Tap {
    std::size_t at;
    float weight;
};

/// Adds the corners around a place that lie in the grid. Returns the end of the taps.
Tap* add_taps(const Grid& grid, float x_share, float y_share, float weight, Tap* taps) {
    const float x = x_share * static_cast<float>(grid.width) - 0.5F;
    const float y = y_share * static_cast<float>(grid.height) - 0.5F;
    if (!(x > -1 && y > -1 && x < static_cast<float>(grid.width) && y < static_cast<float>(grid.height))) {
        return taps;
    }
    const float left = std::floor(x);
    const float top = std::floor(y);
    const float from_left = x - left;
    const float from_top = y - top;
    for (std::ptrdiff_t dy = 0; dy < 2; ++dy) {
        const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(top) + dy;
        for (std::ptrdiff_t dx = 0; dx < 2; ++dx) {
            const std::ptrdiff_t column = static_cast<std::ptrdiff_t>(left) + dx;
            if (row >= 0 && row < grid.height && column >= 0 && column < grid.width) {
                const float share = (dx == 0 ? 1 - from_left : from_left) * (dy == 0 ? 1 - from_top : from_top);
                *taps++ = {static_cast<std::size_t>(row * grid.width + column), share * weight};
            }
        }
    }
    return taps;
}

/// Computes `Count` neighbouring outputs, which fit into registers.
template <typename In, typename Out, std::size_t Count>
void add_up(const typename In::Memory* values, const Tap* taps, const Tap* end, typename Out::Memory* output) {
    float sums[Count] = {};
    for (const Tap* tap = taps; tap != end; ++tap) {
        const auto* from = values + tap->at;
        for (std::size_t i = 0; i < Count; ++i) {
            sums[i] += tap->weight * In::load(from[i]);
        }
    }
    for (std::size_t i = 0; i < Count; ++i) {
        output[i] = Out::store(sums[i]);
    }
}

}  // namespace

template <typename In0Type, typename In1Type, typename In2Type, typename In3Type, typename In4Type, typename Out0Type>
void run(const void* value,
         const void* level_shapes,
         const void* level_starts,
         const void* locations,
         const void* weights,
         void* output,
         const Sizes& sizes,
         std::size_t begin,
         std::size_t end,
         void* scratch) {
    const auto* values = static_cast<const typename In0Type::Memory*>(value);
    auto* taps = static_cast<Tap*>(scratch);
    const std::size_t points = sizes.L * sizes.P;
    for (std::size_t row = begin; row < end; ++row) {
        const std::size_t image = row / sizes.Q * sizes.S;
        for (std::size_t head = 0; head < sizes.M; ++head) {
            const std::size_t place = row * sizes.M + head;
            const auto* at = static_cast<const typename In3Type::Memory*>(locations) + place * points * 2;
            const auto* weight = static_cast<const typename In4Type::Memory*>(weights) + place * points;
            Tap* last = taps;
            for (std::size_t level = 0; level < sizes.L; ++level) {
                const auto* shape = static_cast<const typename In1Type::Memory*>(level_shapes) + level * 2;
                const auto start = static_cast<const typename In2Type::Memory*>(level_starts)[level];
                const Grid grid{static_cast<std::ptrdiff_t>(shape[0]), static_cast<std::ptrdiff_t>(shape[1])};
                for (std::size_t point = 0; point < sizes.P; ++point, at += 2, ++weight) {
                    Tap* first = last;
                    last = add_taps(grid, In3Type::load(at[0]), In3Type::load(at[1]), In4Type::load(*weight), last);
                    for (; first != last; ++first) {
                        first->at = ((image + start + first->at) * sizes.M + head) * sizes.D;
                    }
                }
            }
            auto* to = static_cast<typename Out0Type::Memory*>(output) + place * sizes.D;
            std::size_t d = 0;
            for (; d + 32 <= sizes.D; d += 32) {
                add_up<In0Type, Out0Type, 32>(values + d, taps, last, to + d);
            }
            for (; d + 8 <= sizes.D; d += 8) {
                add_up<In0Type, Out0Type, 8>(values + d, taps, last, to + d);
            }
            for (; d < sizes.D; ++d) {
                add_up<In0Type, Out0Type, 1>(values + d, taps, last, to + d);
            }
        }
    }
}

// The combinations of element types that op.cpp asks for.
template decltype(run<ovext::f32, ovext::i64, ovext::i64, ovext::f32, ovext::f32, ovext::f32>)
    run<ovext::f32, ovext::i64, ovext::i64, ovext::f32, ovext::f32, ovext::f32>;
template decltype(run<ovext::f32, ovext::i32, ovext::i32, ovext::f32, ovext::f32, ovext::f32>)
    run<ovext::f32, ovext::i32, ovext::i32, ovext::f32, ovext::f32, ovext::f32>;
template decltype(run<ovext::f16, ovext::i64, ovext::i64, ovext::f16, ovext::f16, ovext::f16>)
    run<ovext::f16, ovext::i64, ovext::i64, ovext::f16, ovext::f16, ovext::f16>;
template decltype(run<ovext::f16, ovext::i32, ovext::i32, ovext::f16, ovext::f16, ovext::f16>)
    run<ovext::f16, ovext::i32, ovext::i32, ovext::f16, ovext::f16, ovext::f16>;

}  // namespace multi_scale_deformable_attention
