#pragma once

#include <cstddef>

namespace halved {

/// Copies every second element of a row. Elements have `size` bytes.
void run(const char* src, char* dst, std::size_t count, std::size_t size);

}  // namespace halved
