// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <algorithm>
#include <cstddef>

namespace rotary_embedding {

/// The sizes in one call of RotaryEmbedding.
struct Sizes {
    std::size_t B = 0;
    std::size_t H = 0;
    std::size_t S = 0;
    std::size_t D = 0;
    std::size_t R = 0;
    // Elements of each tensor.
    std::size_t data_size = 0;
    std::size_t cosines_size = 0;
    std::size_t sines_size = 0;
    std::size_t output_size = 0;

    /// How many rows are computed in parallel; a row is a combination of "B" and "H" and "S".
    std::size_t rows() const {
        return B * H * S;
    }

    /// Bytes of memory that each thread has.
    std::size_t scratch() const {
        return 0;
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
    sizes.B = inputs[0][0];
    sizes.H = inputs[0][1];
    sizes.S = inputs[0][2];
    sizes.D = inputs[0][3];
    sizes.data_size = product(inputs[0], 0, inputs[0].size());
    sizes.R = inputs[1][2];
    sizes.cosines_size = product(inputs[1], 0, inputs[1].size());
    sizes.sines_size = product(inputs[2], 0, inputs[2].size());
    sizes.output_size = product(outputs[0], 0, outputs[0].size());
    return sizes;
}

}  // namespace rotary_embedding
