#include "ops/nothing/kernel.hpp"

namespace nothing {
namespace OVEXT_ISA {
namespace {

void run(long* counter) {
    ++*counter;
}

}  // namespace

const Kernels kernels = {run};

}  // namespace OVEXT_ISA
}  // namespace nothing
