#include "ops/rms_norm/kernel.hpp"

#include <cmath>

namespace rms_norm {

void run(const float* x, const float* weight, float* y, std::size_t rows, std::size_t size, float epsilon) {
    for (std::size_t row = 0; row < rows; ++row, x += size, y += size) {
        double squares = 0;
        for (std::size_t i = 0; i < size; ++i) {
            squares += static_cast<double>(x[i]) * x[i];
        }
        const auto scale = static_cast<float>(1 / std::sqrt(squares / static_cast<double>(size) + epsilon));
        for (std::size_t i = 0; i < size; ++i) {
            y[i] = x[i] * scale * weight[i];
        }
    }
}

}  // namespace rms_norm
