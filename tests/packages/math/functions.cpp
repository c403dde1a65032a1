#include "functions.hpp"

#include <ovext/math.hpp>

namespace {

template <typename Call>
void loop(const float* x, float* output, std::size_t count, Call call) {
    for (std::size_t i = 0; i < count; ++i) {
        output[i] = call(x[i]);
    }
}

}  // namespace

void compute(Function f, const float* x, float* output, std::size_t count) {
    switch (f) {
#define FUNCTION(name, limit)                \
    case Function::name:                     \
        loop(x, output, count, [](float v) { \
            return ovext::name(v);           \
        });                                  \
        break;
#include "functions.inc"
#undef FUNCTION
        case Function::pow:
            break;
    }
}

void compute_pow(const float* x, const float* y, float* output, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        output[i] = ovext::pow(x[i], y[i]);
    }
}

float compute_one(Function f, float x) {
    switch (f) {
#define FUNCTION(name, limit) \
    case Function::name:      \
        return ovext::name(x);
#include "functions.inc"
#undef FUNCTION
        default:
            return 0.0f;
    }
}

float compute_one_pow(float x, float y) {
    return ovext::pow(x, y);
}
