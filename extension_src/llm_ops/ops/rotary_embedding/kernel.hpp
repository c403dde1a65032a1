// The computation of RotaryEmbedding on plain arrays. The build compiles kernel.cpp once for each instruction set;
// op.cpp calls the copy that was chosen for this CPU.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/rotary_embedding/sizes.hpp"

namespace rotary_embedding {

/// The attributes that kernels need.
struct Parameters {
    std::int64_t interleaved;
};

/// Computes the rows from `begin` to before `end` of each output. A row is a combination of "B" and "H" and "S".
/// Threads compute several ranges at once, each with sizes.scratch() bytes of its own at `scratch`, which begin at a
/// cache line. Types are those of ovext/elements.hpp that kernel.cpp lists.
template <typename In0Type, typename In1Type, typename In2Type, typename Out0Type>
void run(const void* data,
         const void* cosines,
         const void* sines,
         void* output,
         const Sizes& sizes,
         std::size_t begin,
         std::size_t end,
         void* scratch,
         const Parameters& parameters);

}  // namespace rotary_embedding
