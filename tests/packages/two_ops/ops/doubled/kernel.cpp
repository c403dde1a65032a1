#include "ops/doubled/kernel.hpp"

namespace doubled {
namespace OVEXT_ISA {
namespace {

void run(const float* src, float* dst, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        dst[i] = 2.0f * src[i];
    }
}

}  // namespace

const Kernels kernels = {run};

}  // namespace OVEXT_ISA
}  // namespace doubled
