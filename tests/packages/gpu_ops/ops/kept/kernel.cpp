#include "ops/kept/kernel.hpp"

namespace kept {

void run(const void* src, void* dst, std::size_t size) {
    for (std::size_t byte = 0; byte < size; ++byte) {
        static_cast<char*>(dst)[byte] = static_cast<const char*>(src)[byte];
    }
}

}  // namespace kept
