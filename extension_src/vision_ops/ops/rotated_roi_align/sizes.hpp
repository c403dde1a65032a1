// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <algorithm>
#include <cstddef>

namespace rotated_roi_align {

/// The sizes in one call of RotatedRoIAlign.
struct Sizes {
    std::size_t N = 0;
    std::size_t C = 0;
    std::size_t H = 0;
    std::size_t W = 0;
    std::size_t R = 0;
    // Elements of each tensor.
    std::size_t data_size = 0;
    std::size_t rois_size = 0;
    std::size_t output_size = 0;

    /// How many rows are computed in parallel; a row is one of "R".
    std::size_t rows() const {
        return R;
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
    sizes.N = inputs[0][0];
    sizes.C = inputs[0][1];
    sizes.H = inputs[0][2];
    sizes.W = inputs[0][3];
    sizes.data_size = product(inputs[0], 0, inputs[0].size());
    sizes.R = inputs[1][0];
    sizes.rois_size = product(inputs[1], 0, inputs[1].size());
    sizes.output_size = product(outputs[0], 0, outputs[0].size());
    return sizes;
}

}  // namespace rotated_roi_align
