#include "ops/nms_rotated/kernel.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace nms_rotated {
namespace {

struct Point {
    double x;
    double y;
};
using Polygon = std::vector<Point>;

Polygon corners(const float* box) {
    const double cosine = std::cos(static_cast<double>(box[4]));
    const double sine = std::sin(static_cast<double>(box[4]));
    Polygon polygon;
    for (const auto& [right, up] : {Point{-0.5, -0.5}, Point{0.5, -0.5}, Point{0.5, 0.5}, Point{-0.5, 0.5}}) {
        const double x = right * box[2];
        const double y = up * box[3];
        polygon.push_back({box[0] + x * cosine - y * sine, box[1] + x * sine + y * cosine});
    }
    return polygon;
}

/// Positive to the left of the line from a to b.
double side(const Point& a, const Point& b, const Point& point) {
    return (b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x);
}

/// The part of a polygon to the left of the line from a to b.
Polygon clipped(const Polygon& polygon, const Point& a, const Point& b) {
    Polygon kept;
    for (std::size_t i = 0; i < polygon.size(); ++i) {
        const auto& from = polygon[i];
        const auto& to = polygon[(i + 1) % polygon.size()];
        const double at_from = side(a, b, from);
        const double at_to = side(a, b, to);
        if (at_from >= 0) {
            kept.push_back(from);
        }
        if ((at_from > 0 && at_to < 0) || (at_from < 0 && at_to > 0)) {
            const double share = at_from / (at_from - at_to);
            kept.push_back({from.x + share * (to.x - from.x), from.y + share * (to.y - from.y)});
        }
    }
    return kept;
}

double area(const Polygon& polygon) {
    double twice = 0;
    for (std::size_t i = 0; i < polygon.size(); ++i) {
        const auto& next = polygon[(i + 1) % polygon.size()];
        twice += polygon[i].x * next.y - next.x * polygon[i].y;
    }
    return std::abs(twice) / 2;
}

double iou(const float* one, const float* other) {
    Polygon common = corners(one);
    const Polygon clip = corners(other);
    for (std::size_t i = 0; i < clip.size(); ++i) {
        common = clipped(common, clip[i], clip[(i + 1) % clip.size()]);
    }
    const double both = area(common);
    const double all = static_cast<double>(one[2]) * one[3] + static_cast<double>(other[2]) * other[3] - both;
    return all > 0 ? both / all : 0;
}

}  // namespace

std::vector<std::int64_t> run(
    const float* boxes, const float* scores, std::size_t count, float iou_threshold, float score_threshold) {
    std::vector<std::int64_t> order(count);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [scores](std::int64_t one, std::int64_t other) {
        return scores[one] > scores[other];
    });
    std::vector<std::int64_t> kept;
    for (const auto box : order) {
        const auto overlaps = [=](std::int64_t other) {
            return iou(boxes + box * 5, boxes + other * 5) > iou_threshold;
        };
        if (scores[box] > score_threshold && std::none_of(kept.begin(), kept.end(), overlaps)) {
            kept.push_back(box);
        }
    }
    return kept;
}

}  // namespace nms_rotated
