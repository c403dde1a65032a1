#pragma once

#include <cstddef>
#include <stdexcept>
#include <vector>

namespace standard {

/// Thrown through the dispatch, for op.cpp to catch.
class TooMany : public std::runtime_error {
public:
    explicit TooMany(std::size_t count)
        : std::runtime_error("more than 100 elements"),
          count(count) {
    }
    std::size_t count;
};

/// The elements in ascending order, each times 2, plus 3.
///
/// Throws TooMany.
template <typename T>
std::vector<T> sorted_and_scaled(const T* data, std::size_t count);

/// The number of entries in a registry that the linker assembles. Each variant has its own registry.
std::ptrdiff_t registered();

/// How often static objects of the kernel were made.
int initialised();

}  // namespace standard
