// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
// The computation of Snake on plain arrays. The build compiles kernel.cpp once for each instruction set;
// op.cpp calls the copy that was chosen for this CPU.
#pragma once

#include <cstddef>

namespace snake {

/// Computes `count` elements. A step is 1 where an input goes along with the output, and 0 where it stays as it is.
/// `Type` is one of ovext/elements.hpp, as are those that kernel.cpp lists.
template <typename Type>
void run(
    const void* data,
    std::size_t data_step,
    const void* alpha,
    std::size_t alpha_step,
    void* output,
    std::size_t count);

}  // namespace snake
