#include "ops/rotated_roi_align/kernel.hpp"

#include <algorithm>
#include <cmath>
#include <ovext/elements.hpp>

namespace rotated_roi_align {
namespace {

constexpr std::size_t together = 256;  // channels that share the places of samples
constexpr std::size_t chunk = 16;      // samples

struct Grid {
    std::ptrdiff_t height;
    std::ptrdiff_t width;
};

/// A rotated box in pixels, with cells of `cell_height` x `cell_width` and `down` x `right` samples in each.
struct Box {
    float y;
    float x;
    float cosine;
    float sine;
    float top;
    float left;
    float cell_height;
    float cell_width;
    std::size_t down;
    std::size_t right;
};

Box box_of(const float* roi, const Parameters& parameters) {
    const float half = parameters.aligned ? 0.5F : 0.0F;
    const float least = parameters.aligned ? 0.0F : 1.0F;
    const float width = std::max(roi[3] * parameters.spatial_scale, least);
    const float height = std::max(roi[4] * parameters.spatial_scale, least);
    const float angle = parameters.clockwise ? -roi[5] : roi[5];
    Box box;
    box.x = roi[1] * parameters.spatial_scale - half;
    box.y = roi[2] * parameters.spatial_scale - half;
    box.cosine = std::cos(angle);
    box.sine = std::sin(angle);
    box.top = -height / 2;
    box.left = -width / 2;
    box.cell_height = height / static_cast<float>(parameters.output_height);
    box.cell_width = width / static_cast<float>(parameters.output_width);
    const auto fixed = static_cast<std::size_t>(parameters.sampling_ratio);
    box.down = fixed > 0 ? fixed : static_cast<std::size_t>(std::ceil(box.cell_height));
    box.right = fixed > 0 ? fixed : static_cast<std::size_t>(std::ceil(box.cell_width));
    return box;
}

/// The four pixels around a sample, and their shares.
struct Tap {
    std::ptrdiff_t at[4];
    float share[4];
};

Tap tap_at(const Box& box, const Grid& grid, std::size_t row, std::size_t column, std::size_t sample) {
    Tap tap = {};
    const std::size_t line = sample / box.right;
    const float part_down = (static_cast<float>(line) + 0.5F) / static_cast<float>(box.down);
    const float part_right = (static_cast<float>(sample - line * box.right) + 0.5F) / static_cast<float>(box.right);
    const float down = box.top + (static_cast<float>(row) + part_down) * box.cell_height;
    const float right = box.left + (static_cast<float>(column) + part_right) * box.cell_width;
    float y = down * box.cosine - right * box.sine + box.y;
    float x = down * box.sine + right * box.cosine + box.x;
    if (grid.height == 0 || grid.width == 0) {
        return tap;
    }
    if (!(y >= -1 && x >= -1 && y <= static_cast<float>(grid.height) && x <= static_cast<float>(grid.width))) {
        return tap;
    }
    y = std::min(std::max(y, 0.0F), static_cast<float>(grid.height - 1));
    x = std::min(std::max(x, 0.0F), static_cast<float>(grid.width - 1));
    // float may round the last row up to one that is not there.
    const auto top = std::min(static_cast<std::ptrdiff_t>(y), grid.height - 1);
    const auto left = std::min(static_cast<std::ptrdiff_t>(x), grid.width - 1);
    const std::ptrdiff_t bottom = std::min(top + 1, grid.height - 1);
    const std::ptrdiff_t end = std::min(left + 1, grid.width - 1);
    const float from_top = y - static_cast<float>(top);
    const float from_left = x - static_cast<float>(left);
    const std::ptrdiff_t places[] = {
        top * grid.width + left, top * grid.width + end, bottom * grid.width + left, bottom * grid.width + end};
    const float shares[] = {
        (1 - from_top) * (1 - from_left), (1 - from_top) * from_left, from_top * (1 - from_left), from_top * from_left};
    for (int corner = 0; corner < 4; ++corner) {
        tap.at[corner] = places[corner];
        tap.share[corner] = shares[corner];
    }
    return tap;
}

}  // namespace

template <typename In0Type, typename In1Type, typename Out0Type>
void run(const void* data,
         const void* rois,
         void* output,
         const Sizes& sizes,
         std::size_t begin,
         std::size_t end,
         [[maybe_unused]] void* scratch,
         const Parameters& parameters) {
    const auto rows = static_cast<std::size_t>(parameters.output_height);
    const auto columns = static_cast<std::size_t>(parameters.output_width);
    const std::size_t area = sizes.H * sizes.W;
    const Grid grid{static_cast<std::ptrdiff_t>(sizes.H), static_cast<std::ptrdiff_t>(sizes.W)};
    for (std::size_t number = begin; number < end; ++number) {
        const auto* roi = static_cast<const float*>(rois) + number * 6;
        const Box box = box_of(roi, parameters);
        const auto* images =
            static_cast<const typename In0Type::Memory*>(data) + static_cast<std::size_t>(roi[0]) * sizes.C * area;
        auto* to = static_cast<typename Out0Type::Memory*>(output) + number * sizes.C * rows * columns;
        const std::size_t samples = box.down * box.right;
        for (std::size_t cell = 0; cell < rows * columns; ++cell) {
            for (std::size_t c = 0; c < sizes.C; c += together) {
                const std::size_t channels = std::min(together, sizes.C - c);
                float sums[together] = {};
                for (std::size_t first = 0; first < samples; first += chunk) {
                    Tap taps[chunk];
                    const std::size_t count = std::min(chunk, samples - first);
                    for (std::size_t i = 0; i < count; ++i) {
                        taps[i] = tap_at(box, grid, cell / columns, cell % columns, first + i);
                    }
                    for (std::size_t channel = 0; channel < channels; ++channel) {
                        const auto* from = images + (c + channel) * area;
                        for (std::size_t i = 0; i < count; ++i) {
                            for (std::size_t corner = 0; corner < 4; ++corner) {
                                sums[channel] += taps[i].share[corner] * In0Type::load(from[taps[i].at[corner]]);
                            }
                        }
                    }
                }
                for (std::size_t channel = 0; channel < channels; ++channel) {
                    const float mean = sums[channel] / static_cast<float>(std::max<std::size_t>(samples, 1));
                    to[(c + channel) * rows * columns + cell] = Out0Type::store(mean);
                }
            }
        }
    }
}

// The combinations of element types that op.cpp asks for.
template decltype(run<ovext::f32, ovext::f32, ovext::f32>) run<ovext::f32, ovext::f32, ovext::f32>;
template decltype(run<ovext::f16, ovext::f32, ovext::f16>) run<ovext::f16, ovext::f32, ovext::f16>;

}  // namespace rotated_roi_align
