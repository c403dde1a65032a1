// Sizes of dimensions in the shape rules of an op: known, or not known before the model runs.
#pragma once

#include <openvino/core/dimension.hpp>
#include <openvino/core/except.hpp>

#include <algorithm>
#include <cstdint>
#include <string>

namespace ovext {

/// A dimension, or a number computed from dimensions and attributes. Anything computed from an unknown size is unknown.
class Size {
public:
    Size(const ov::Dimension& dimension)
        : m_dimension(dimension) {
    }
    Size(std::int64_t value)
        : m_value(value),
          m_is_number(true) {
    }

    bool is_known() const {
        return m_is_number || m_dimension.is_static();
    }
    std::int64_t value() const {
        return m_is_number ? m_value : m_dimension.get_length();
    }
    /// Throws ov::Exception for a negative number, which no dimension can be.
    ov::Dimension dimension() const {
        OPENVINO_ASSERT(!m_is_number || m_value >= 0, "a dimension would be ", m_value);
        return m_is_number ? ov::Dimension(m_value) : m_dimension;
    }
    std::string text() const {
        return m_is_number ? std::to_string(m_value) : m_dimension.to_string();
    }

    static Size unknown() {
        return ov::Dimension::dynamic();
    }

private:
    ov::Dimension m_dimension;
    std::int64_t m_value = 0;
    bool m_is_number = false;
};

namespace detail {

template <typename Function>
Size computed(const Size& a, const Size& b, Function&& function) {
    return a.is_known() && b.is_known() ? Size(function(a.value(), b.value())) : Size::unknown();
}

template <typename Comparison>
bool possible(const Size& a, const Size& b, Comparison&& comparison) {
    return !a.is_known() || !b.is_known() || comparison(a.value(), b.value());
}

inline std::int64_t divided(std::int64_t a, std::int64_t b) {
    OPENVINO_ASSERT(b != 0, "a size is divided by zero");
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

}  // namespace detail

// Throw ov::Exception for a result that 64 bits do not hold.
inline Size operator+(const Size& a, const Size& b) {
    return detail::computed(a, b, [](std::int64_t x, std::int64_t y) {
        std::int64_t result = 0;
        OPENVINO_ASSERT(!__builtin_add_overflow(x, y, &result), "a size is too large: ", x, " + ", y);
        return result;
    });
}
inline Size operator-(const Size& a, const Size& b) {
    return detail::computed(a, b, [](std::int64_t x, std::int64_t y) {
        std::int64_t result = 0;
        OPENVINO_ASSERT(!__builtin_sub_overflow(x, y, &result), "a size is too large: ", x, " - ", y);
        return result;
    });
}
inline Size operator*(const Size& a, const Size& b) {
    return detail::computed(a, b, [](std::int64_t x, std::int64_t y) {
        std::int64_t result = 0;
        OPENVINO_ASSERT(!__builtin_mul_overflow(x, y, &result), "a size is too large: ", x, " * ", y);
        return result;
    });
}
/// The quotient rounded down, like // in op.toml.
inline Size floor_div(const Size& a, const Size& b) {
    return detail::computed(a, b, detail::divided);
}
/// The remainder of floor_div, like % in op.toml.
inline Size floor_mod(const Size& a, const Size& b) {
    return detail::computed(a, b, [](std::int64_t x, std::int64_t y) {
        return x - detail::divided(x, y) * y;
    });
}
inline Size min(const Size& a, const Size& b) {
    return detail::computed(a, b, [](std::int64_t x, std::int64_t y) {
        return std::min(x, y);
    });
}
inline Size max(const Size& a, const Size& b) {
    return detail::computed(a, b, [](std::int64_t x, std::int64_t y) {
        return std::max(x, y);
    });
}

// A comparison is false only if both sizes are known and it does not hold.
inline bool operator==(const Size& a, const Size& b) {
    return detail::possible(a, b, [](std::int64_t x, std::int64_t y) {
        return x == y;
    });
}
inline bool operator!=(const Size& a, const Size& b) {
    return detail::possible(a, b, [](std::int64_t x, std::int64_t y) {
        return x != y;
    });
}
inline bool operator<(const Size& a, const Size& b) {
    return detail::possible(a, b, [](std::int64_t x, std::int64_t y) {
        return x < y;
    });
}
inline bool operator<=(const Size& a, const Size& b) {
    return detail::possible(a, b, [](std::int64_t x, std::int64_t y) {
        return x <= y;
    });
}
inline bool operator>(const Size& a, const Size& b) {
    return b < a;
}
inline bool operator>=(const Size& a, const Size& b) {
    return b <= a;
}

}  // namespace ovext
