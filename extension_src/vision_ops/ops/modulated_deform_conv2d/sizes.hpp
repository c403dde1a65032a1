// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <algorithm>
#include <cstddef>

namespace modulated_deform_conv2d {

/// The sizes in one call of ModulatedDeformConv2d.
struct Sizes {
    std::size_t N = 0;
    std::size_t C = 0;
    std::size_t H = 0;
    std::size_t W = 0;
    std::size_t F = 0;
    std::size_t OH = 0;
    std::size_t OW = 0;
    std::size_t K = 0;
    std::size_t O = 0;
    std::size_t I = 0;
    std::size_t KH = 0;
    std::size_t KW = 0;
    // Elements of each tensor.
    std::size_t data_size = 0;
    std::size_t offset_size = 0;
    std::size_t mask_size = 0;
    std::size_t weight_size = 0;
    std::size_t bias_size = 0;
    std::size_t output_size = 0;

    /// How many rows are computed in parallel; a row is a combination of "N" and "O" and "OH".
    std::size_t rows() const {
        return N * O * OH;
    }

    /// Bytes of memory that each thread has.
    std::size_t scratch() const {
        constexpr std::size_t too_large = ~std::size_t{0} / 4;
        const auto plus = [](std::size_t a, std::size_t b) {
            std::size_t result = 0;
            return __builtin_add_overflow(a, b, &result) || result > too_large ? too_large : result;
        };
        const auto times = [](std::size_t a, std::size_t b) {
            std::size_t result = 0;
            return __builtin_mul_overflow(a, b, &result) || result > too_large ? too_large : result;
        };
        return plus(times(times(times(C, KH), KW), 128), 1024);
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
    sizes.C = inputs[0][1];
    sizes.H = inputs[0][2];
    sizes.W = inputs[0][3];
    sizes.data_size = product(inputs[0], 0, inputs[0].size());
    sizes.F = inputs[1][1];
    sizes.OH = inputs[1][2];
    sizes.OW = inputs[1][3];
    sizes.offset_size = product(inputs[1], 0, inputs[1].size());
    sizes.K = inputs[2][1];
    sizes.mask_size = product(inputs[2], 0, inputs[2].size());
    sizes.O = inputs[3][0];
    sizes.I = inputs[3][1];
    sizes.KH = inputs[3][2];
    sizes.KW = inputs[3][3];
    sizes.weight_size = product(inputs[3], 0, inputs[3].size());
    if (inputs.size() > 4) {
        sizes.bias_size = product(inputs[4], 0, inputs[4].size());
    }
    sizes.output_size = product(outputs[0], 0, outputs[0].size());
    return sizes;
}

}  // namespace modulated_deform_conv2d
