#include "ops/rotated_nms/kernel.hpp"

#include <algorithm>
#include <cmath>
#include <ovext/elements.hpp>

namespace rotated_nms {
namespace {

struct Point {
    double x;
    double y;
};

/// A convex polygon; four lines cut at most eight corners out of a rectangle.
struct Polygon {
    Point corners[8];
    int count = 0;
};

/// The corners of a box, one after the other.
Polygon corners_of(const float* box) {
    const double right_x = std::cos(box[4]) * box[2] / 2;
    const double right_y = std::sin(box[4]) * box[2] / 2;
    const double up_x = -std::sin(box[4]) * box[3] / 2;
    const double up_y = std::cos(box[4]) * box[3] / 2;
    const double signs[4][2] = {{1, 1}, {-1, 1}, {-1, -1}, {1, -1}};
    Polygon polygon;
    for (const auto& [right, up] : signs) {
        polygon.corners[polygon.count++] = {box[0] + right * right_x + up * up_x, box[1] + right * right_y + up * up_y};
    }
    return polygon;
}

/// On which side of the line from `a` to `b` a point is; positive on the left.
double side(const Point& a, const Point& b, const Point& point) {
    return (b.x - a.x) * (point.y - a.y) - (b.y - a.y) * (point.x - a.x);
}

/// The part of the polygon on the left of the line from `a` to `b`.
Polygon cut(const Polygon& polygon, const Point& a, const Point& b) {
    Polygon result;
    for (int i = 0; i < polygon.count; ++i) {
        const Point& here = polygon.corners[i];
        const Point& next = polygon.corners[(i + 1) % polygon.count];
        const double here_side = side(a, b, here);
        const double next_side = side(a, b, next);
        if (here_side >= 0 && result.count < 8) {
            result.corners[result.count++] = here;
        }
        if ((here_side >= 0) != (next_side >= 0) && result.count < 8) {
            const double share = here_side / (here_side - next_side);
            result.corners[result.count++] = {here.x + share * (next.x - here.x), here.y + share * (next.y - here.y)};
        }
    }
    return result;
}

double area_of(const Polygon& polygon) {
    double doubled = 0;
    for (int i = 2; i < polygon.count; ++i) {
        doubled += side(polygon.corners[0], polygon.corners[i - 1], polygon.corners[i]);
    }
    return doubled / 2;
}

/// Whether circles around the boxes leave no room for an overlap.
bool are_apart(const float* one, const float* other) {
    const double x = one[0] - other[0];
    const double y = one[1] - other[1];
    const double reach = (std::hypot(one[2], one[3]) + std::hypot(other[2], other[3])) / 2;
    return x * x + y * y > reach * reach;
}

double overlap(const Polygon& box, const float* one, const float* other) {
    if (are_apart(one, other)) {
        return 0;
    }
    Polygon common = corners_of(other);
    for (int i = 0; i < 4; ++i) {
        common = cut(common, box.corners[i], box.corners[(i + 1) % 4]);
    }
    const double both = area_of(common);
    const double all = static_cast<double>(one[2]) * one[3] + static_cast<double>(other[2]) * other[3] - both;
    return both / all;
}

}  // namespace

template <typename Type>
void run(const void* boxes,
         std::size_t box,
         const std::int64_t* order,
         std::size_t count,
         float threshold,
         char* is_dropped) {
    const auto* all = static_cast<const typename Type::Memory*>(boxes);
    const float* one = all + box * 5;
    const Polygon corners = corners_of(one);
    for (std::size_t i = 0; i < count; ++i) {
        if (is_dropped[i] == 0 && overlap(corners, one, all + order[i] * 5) > threshold) {
            is_dropped[i] = 1;
        }
    }
}

// The element types that op.cpp asks for.
template decltype(run<ovext::f32>) run<ovext::f32>;

}  // namespace rotated_nms
