#include "ops/halved/kernel.hpp"

namespace halved {

void run(const char* src, char* dst, std::size_t count, std::size_t size) {
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t byte = 0; byte < size; ++byte) {
            dst[i * size + byte] = src[2 * i * size + byte];
        }
    }
}

}  // namespace halved
