// The tensors of an input that consists of many. For kernels; see ovext/inputs.hpp for what makes them.
#pragma once

#include <cstddef>

namespace ovext {

struct Tensors {
    const void* const* data;
    const std::size_t* sizes;  ///< elements of each
    std::size_t count;
};

}  // namespace ovext
