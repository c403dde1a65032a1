#include <cmath>

#include "functions.hpp"

namespace {

double sigmoid(double x) {
    return 1.0 / (1.0 + std::exp(-x));
}

double gelu(double x) {
    return 0.5 * x * std::erfc(x * -0.70710678118654752440);
}

double rsqrt(double x) {
    return 1.0 / std::sqrt(x);
}

double softplus(double x) {
    return (x > 0.0 ? x : 0.0) + std::log1p(std::exp(x > 0.0 ? -x : x));
}

template <typename Call>
void loop(const float* x, double* output, std::size_t count, Call call) {
    for (std::size_t i = 0; i < count; ++i) {
        output[i] = call(static_cast<double>(x[i]));
    }
}

}  // namespace

void reference(Function f, const float* x, double* output, std::size_t count) {
    using std::cos, std::erf, std::exp, std::exp2, std::expm1, std::log, std::log1p, std::log2, std::sin, std::sqrt;
    using std::tanh;
    switch (f) {
#define FUNCTION(name, limit)                 \
    case Function::name:                      \
        loop(x, output, count, [](double v) { \
            return name(v);                   \
        });                                   \
        break;
#include "functions.inc"
#undef FUNCTION
        case Function::pow:
            break;
    }
}
