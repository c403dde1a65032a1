#include "ops/width/kernel.hpp"

#if defined(__AVX512F__)
#    define REGISTER_BYTES 64
#elif defined(__AVX2__)
#    define REGISTER_BYTES 32
#else
#    define REGISTER_BYTES 16
#endif

namespace width {

void run(const float*, float* dst, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        dst[i] = REGISTER_BYTES;
    }
}

}  // namespace width
