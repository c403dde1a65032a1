// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <algorithm>
#include <cstddef>

namespace rms_norm {

/// The sizes in one call of RMSNorm.
struct Sizes {
    std::size_t D = 0;
    std::size_t rest = 1;  ///< of the dimensions "..." together
    // Elements of each tensor.
    std::size_t data_size = 0;
    std::size_t weight_size = 0;
    std::size_t output_size = 0;

    /// How many rows are computed in parallel; a row is one of "...".
    std::size_t rows() const {
        return rest;
    }

    /// Bytes of memory that each thread has.
    std::size_t scratch() const {
        constexpr std::size_t too_large = ~std::size_t{0} / 4;
        const auto times = [](std::size_t a, std::size_t b) {
            std::size_t result = 0;
            return __builtin_mul_overflow(a, b, &result) || result > too_large ? too_large : result;
        };
        return times(D, 4);
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
    sizes.rest = product(inputs[0], 0, inputs[0].size() - 1);
    sizes.D = inputs[0][inputs[0].size() - 1];
    sizes.data_size = product(inputs[0], 0, inputs[0].size());
    sizes.weight_size = product(inputs[1], 0, inputs[1].size());
    sizes.output_size = product(outputs[0], 0, outputs[0].size());
    return sizes;
}

}  // namespace rms_norm
