#include "ops/rotary_embedding/kernel.hpp"

#include <ovext/elements.hpp>

namespace rotary_embedding {

template <typename In0Type, typename In1Type, typename In2Type, typename Out0Type>
void run(const void* data,
         const void* cosines,
         const void* sines,
         void* output,
         const Sizes& sizes,
         std::size_t begin,
         std::size_t end,
         [[maybe_unused]] void* scratch,
         const Parameters& parameters) {
    const std::size_t pairs = sizes.R;
    // The two values of pair i are at i * step and i * step + distance.
    const std::size_t step = parameters.interleaved != 0 ? 2 : 1;
    const std::size_t distance = parameters.interleaved != 0 ? 1 : pairs;
    for (std::size_t row = begin; row < end; ++row) {
        const std::size_t position = row / (sizes.H * sizes.S) * sizes.S + row % sizes.S;
        const auto* from = static_cast<const typename In0Type::Memory*>(data) + row * sizes.D;
        const auto* cosine = static_cast<const typename In1Type::Memory*>(cosines) + position * pairs;
        const auto* sine = static_cast<const typename In2Type::Memory*>(sines) + position * pairs;
        auto* to = static_cast<typename Out0Type::Memory*>(output) + row * sizes.D;
        for (std::size_t i = 0; i < pairs; ++i) {
            const float first = In0Type::load(from[i * step]);
            const float second = In0Type::load(from[i * step + distance]);
            const float c = In1Type::load(cosine[i]);
            const float s = In2Type::load(sine[i]);
            to[i * step] = Out0Type::store(first * c - second * s);
            to[i * step + distance] = Out0Type::store(first * s + second * c);
        }
        for (std::size_t i = 2 * pairs; i < sizes.D; ++i) {
            to[i] = from[i];
        }
    }
}

// The element types that op.cpp asks for.
template decltype(run<ovext::f32, ovext::f32, ovext::f32, ovext::f32>)
    run<ovext::f32, ovext::f32, ovext::f32, ovext::f32>;
template decltype(run<ovext::f16, ovext::f16, ovext::f16, ovext::f16>)
    run<ovext::f16, ovext::f16, ovext::f16, ovext::f16>;
template decltype(run<ovext::bf16, ovext::bf16, ovext::bf16, ovext::bf16>)
    run<ovext::bf16, ovext::bf16, ovext::bf16, ovext::bf16>;

}  // namespace rotary_embedding
