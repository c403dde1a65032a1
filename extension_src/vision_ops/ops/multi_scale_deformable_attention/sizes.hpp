// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <algorithm>
#include <cstddef>

namespace multi_scale_deformable_attention {

/// The sizes in one call of MultiScaleDeformableAttention.
struct Sizes {
    std::size_t N = 0;
    std::size_t S = 0;
    std::size_t M = 0;
    std::size_t D = 0;
    std::size_t L = 0;
    std::size_t Q = 0;
    std::size_t P = 0;
    // Elements of each tensor.
    std::size_t value_size = 0;
    std::size_t level_shapes_size = 0;
    std::size_t level_starts_size = 0;
    std::size_t locations_size = 0;
    std::size_t weights_size = 0;
    std::size_t output_size = 0;

    /// How many rows are computed in parallel; a row is a combination of "N" and "Q".
    std::size_t rows() const {
        return N * Q;
    }

    /// Bytes of memory that each thread has.
    std::size_t scratch() const {
        constexpr std::size_t too_large = ~std::size_t{0} / 4;
        const auto times = [](std::size_t a, std::size_t b) {
            std::size_t result = 0;
            return __builtin_mul_overflow(a, b, &result) || result > too_large ? too_large : result;
        };
        return times(times(L, P), 64);
    }
};

/// The sizes in the shapes of the inputs, which op.cpp has checked, and of the outputs.
template <typename Shapes>
Sizes sizes_of(const Shapes& inputs, const Shapes& outputs) {
    const auto product = [](const auto& shape, std::size_t begin, std::size_t end) {
        std::size_t result = 1;
        for (std::size_t i = begin; i < end; ++i) {
            result *= shape[i];
        }
        return result;
    };
    Sizes sizes;
    sizes.N = inputs[0][0];
    sizes.S = inputs[0][1];
    sizes.M = inputs[0][2];
    sizes.D = inputs[0][3];
    sizes.value_size = product(inputs[0], 0, inputs[0].size());
    sizes.L = inputs[1][0];
    sizes.level_shapes_size = product(inputs[1], 0, inputs[1].size());
    sizes.level_starts_size = product(inputs[2], 0, inputs[2].size());
    sizes.Q = inputs[3][1];
    sizes.P = inputs[3][4];
    sizes.locations_size = product(inputs[3], 0, inputs[3].size());
    sizes.weights_size = product(inputs[4], 0, inputs[4].size());
    sizes.output_size = product(outputs[0], 0, outputs[0].size());
    return sizes;
}

}  // namespace multi_scale_deformable_attention
