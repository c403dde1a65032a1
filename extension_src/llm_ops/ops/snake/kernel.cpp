// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#include "ops/snake/kernel.hpp"

#include <ovext/elements.hpp>
#include <ovext/math.hpp>

#include <algorithm>
#include <cmath>

namespace snake {
namespace {

/// data + sin(alpha * data) * sin(alpha * data) / (alpha + 0.000000001)
template <typename T>
T element(T data, T alpha) {
    return (data + ((ovext::sin((alpha * data)) * ovext::sin((alpha * data))) / (alpha + T(1e-09))));
}

}  // namespace

template <typename Type>
void run(
    const void* data,
    std::size_t data_step,
    const void* alpha,
    std::size_t alpha_step,
    void* output,
    std::size_t count) {
    using T = typename Type::Value;
    const auto compute = [&](T data_element, T alpha_element) {
        return static_cast<T>(element(data_element, alpha_element));
    };
    ovext::elementwise<Type>(output, count, compute, ovext::Input{data, data_step}, ovext::Input{alpha, alpha_step});
}

// The element types that op.cpp asks for.
template decltype(run<ovext::f32>) run<ovext::f32>;
template decltype(run<ovext::f16>) run<ovext::f16>;
template decltype(run<ovext::bf16>) run<ovext::bf16>;

}  // namespace snake
