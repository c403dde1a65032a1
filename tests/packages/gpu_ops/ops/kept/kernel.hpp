#pragma once

#include <cstddef>

namespace kept {

/// Copies `size` bytes.
void run(const void* src, void* dst, std::size_t size);

}  // namespace kept
