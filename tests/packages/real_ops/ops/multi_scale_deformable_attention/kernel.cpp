#include "ops/multi_scale_deformable_attention/kernel.hpp"

#include <cmath>
#include <vector>

namespace multi_scale_deformable_attention {
namespace {

/// A place between four elements of a level; those outside of it are zero.
struct Corner {
    std::int64_t y;
    std::int64_t x;
    double weight;
};

}  // namespace

void run(const float* value,
         const float* locations,
         const float* weights,
         float* output,
         const Levels& levels,
         const Sizes& sizes) {
    std::vector<double> sums(sizes.channels);
    for (std::size_t head = 0; head < sizes.heads; ++head, output += sizes.channels) {
        sums.assign(sizes.channels, 0);
        for (std::size_t i = 0; i < levels.count * sizes.points; ++i, locations += 2, ++weights) {
            const std::size_t level = i / sizes.points;
            const auto height = levels.heights[level];
            const auto width = levels.widths[level];
            const double x = static_cast<double>(locations[0]) * static_cast<double>(width) - 0.5;
            const double y = static_cast<double>(locations[1]) * static_cast<double>(height) - 0.5;
            const auto left = static_cast<std::int64_t>(std::floor(x));
            const auto top = static_cast<std::int64_t>(std::floor(y));
            const double right_share = x - static_cast<double>(left);
            const double low_share = y - static_cast<double>(top);
            const Corner corners[] = {
                {top, left, (1 - low_share) * (1 - right_share)},
                {top, left + 1, (1 - low_share) * right_share},
                {top + 1, left, low_share * (1 - right_share)},
                {top + 1, left + 1, low_share * right_share},
            };
            for (const auto& corner : corners) {
                if (corner.y < 0 || corner.y >= height || corner.x < 0 || corner.x >= width) {
                    continue;
                }
                const auto place = static_cast<std::size_t>(levels.starts[level] + corner.y * width + corner.x);
                const float* from = value + (place * sizes.heads + head) * sizes.channels;
                for (std::size_t c = 0; c < sizes.channels; ++c) {
                    sums[c] += corner.weight * *weights * from[c];
                }
            }
        }
        for (std::size_t c = 0; c < sizes.channels; ++c) {
            output[c] = static_cast<float>(sums[c]);
        }
    }
}

}  // namespace multi_scale_deformable_attention
