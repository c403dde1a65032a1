#pragma once

#include <cstddef>

namespace halved {

/// Every second element of `size` bytes of a row.
void run(const char* src, char* dst, std::size_t count, std::size_t size);

}  // namespace halved
