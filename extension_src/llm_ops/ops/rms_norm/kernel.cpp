#include "ops/rms_norm/kernel.hpp"

#include <ovext/elements.hpp>
#include <ovext/sum.hpp>

#include <cmath>

namespace rms_norm {
namespace {

/// The row itself, or its values in `memory`.
template <typename Type>
const float* as_floats(const typename Type::Memory* row,
                       [[maybe_unused]] float* memory,
                       [[maybe_unused]] std::size_t count) {
    if constexpr (Type::is_converted) {
        Type::load(row, memory, count);
        return memory;
    } else {
        return row;
    }
}

}  // namespace

template <typename In0Type, typename In1Type, typename Out0Type>
void run(const void* data,
         const void* weight,
         void* output,
         const Sizes& sizes,
         std::size_t begin,
         std::size_t end,
         void* scratch,
         const Parameters& parameters) {
    const std::size_t count = sizes.D;
    const auto* factors = static_cast<const typename In1Type::Memory*>(weight);
    for (std::size_t row = begin; row < end; ++row) {
        const auto* from = static_cast<const typename In0Type::Memory*>(data) + row * count;
        auto* to = static_cast<typename Out0Type::Memory*>(output) + row * count;
        const float* values = as_floats<In0Type>(from, static_cast<float*>(scratch), count);
        const float squares = ovext::sum<float>(count, [&](std::size_t i) {
            return values[i] * values[i];
        });
        const float scale = 1 / std::sqrt(squares / static_cast<float>(count) + parameters.epsilon);
        for (std::size_t i = 0; i < count; ++i) {
            to[i] = Out0Type::store(values[i] * scale * In1Type::load(factors[i]));
        }
    }
}

// The element types that op.cpp asks for.
template decltype(run<ovext::f32, ovext::f32, ovext::f32>) run<ovext::f32, ovext::f32, ovext::f32>;
template decltype(run<ovext::f16, ovext::f16, ovext::f16>) run<ovext::f16, ovext::f16, ovext::f16>;
template decltype(run<ovext::bf16, ovext::bf16, ovext::bf16>) run<ovext::bf16, ovext::bf16, ovext::bf16>;

}  // namespace rms_norm
