// Element types for kernels, each with its type in memory and its type in computations, and elementwise kernels.
#pragma once

#include <ovext/half.hpp>

#include <cstddef>
#include <cstdint>

namespace ovext {

/// An element type that is computed in its type in memory.
template <typename T>
struct Plain {
    using Memory = T;
    using Value = T;
    static constexpr bool is_converted = false;
    static T load(T memory) {
        return memory;
    }
    static T store(T value) {
        return value;
    }
};

using f32 = Plain<float>;
using f64 = Plain<double>;
using i8 = Plain<std::int8_t>;
using i16 = Plain<std::int16_t>;
using i32 = Plain<std::int32_t>;
using i64 = Plain<std::int64_t>;
using u8 = Plain<std::uint8_t>;
using u16 = Plain<std::uint16_t>;
using u32 = Plain<std::uint32_t>;
using u64 = Plain<std::uint64_t>;
struct boolean : Plain<std::uint8_t> {};

/// Computed as float.
struct f16 {
    using Memory = std::uint16_t;
    using Value = float;
    static constexpr bool is_converted = true;
    static float load(std::uint16_t memory) {
        return f16_to_f32(memory);
    }
    static std::uint16_t store(float value) {
        return f32_to_f16(value);
    }
    static void load(const std::uint16_t* memory, float* values, std::size_t count) {
        f16_to_f32(memory, values, count);
    }
    static void store(const float* values, std::uint16_t* memory, std::size_t count) {
        f32_to_f16(values, memory, count);
    }
};

/// Computed as float.
struct bf16 {
    using Memory = std::uint16_t;
    using Value = float;
    static constexpr bool is_converted = true;
    static float load(std::uint16_t memory) {
        return bf16_to_f32(memory);
    }
    static std::uint16_t store(float value) {
        return f32_to_bf16(value);
    }
    static void load(const std::uint16_t* memory, float* values, std::size_t count) {
        bf16_to_f32(memory, values, count);
    }
    static void store(const float* values, std::uint16_t* memory, std::size_t count) {
        f32_to_bf16(values, memory, count);
    }
};

namespace detail {

constexpr std::size_t block = 1024;  // elements: the blocks of a few inputs fit the first-level cache

/// Reads an input block by block: in place, or converted or repeated in a buffer.
template <typename Type>
class Blocks {
public:
    using Value = typename Type::Value;

    /// With a step of 0, the one element of `data` is used for all.
    Blocks(const void* data, std::size_t step)
        : m_data(static_cast<const typename Type::Memory*>(data)),
          m_step(step) {
        if (m_step == 0) {
            const Value value = Type::load(*m_data);
            for (auto& one : m_buffer) {
                one = value;
            }
        }
    }

    /// Returns the values of elements [begin, begin + count). `count` is at most `block`.
    const Value* read(std::size_t begin, std::size_t count) {
        if (m_step == 0) {
            return m_buffer;
        }
        if constexpr (Type::is_converted) {
            Type::load(m_data + begin, m_buffer, count);
            return m_buffer;
        } else {
            return m_data + begin;
        }
    }

private:
    const typename Type::Memory* m_data;
    std::size_t m_step;
    Value m_buffer[block];
};

template <typename Value, typename Function, typename... Values>
void compute(Value* output, std::size_t count, const Function& function, const Values*... inputs) {
    // Around a short function, the loop itself would cost as much.
#pragma GCC unroll 4
    for (std::size_t i = 0; i < count; ++i) {
        output[i] = function(inputs[i]...);
    }
}

template <typename Type, typename Function, typename... Inputs>
[[gnu::always_inline]] inline void compute_blocks(void* output,
                                                  std::size_t count,
                                                  const Function& function,
                                                  Inputs... inputs) {
    auto* memory = static_cast<typename Type::Memory*>(output);
    for (std::size_t begin = 0; begin < count; begin += block) {
        const std::size_t size = count - begin < block ? count - begin : block;
        if constexpr (Type::is_converted) {
            typename Type::Value values[block];
            compute(values, size, function, inputs.read(begin, size)...);
            Type::store(values, memory + begin, size);
        } else {
            compute(memory + begin, size, function, inputs.read(begin, size)...);
        }
    }
}

}  // namespace detail

/// An input of an elementwise kernel: `step` is 1, or 0 if its first element is used for all.
struct Input {
    const void* data;
    std::size_t step = 1;
};

/// output[i] = function(inputs[i]...) for `count` elements, all of the element type `Type`; `function` accepts and
/// returns values of Type::Value. `output` must not overlap an input, unless it is the same array with a step of 1.
///
/// Always inlined, so that steps that are constants in the caller cost nothing.
template <typename Type, typename Function, typename... Inputs>
[[gnu::always_inline]] inline void elementwise(void* output,
                                               std::size_t count,
                                               const Function& function,
                                               const Inputs&... inputs) {
    detail::compute_blocks<Type>(output, count, function, detail::Blocks<Type>(inputs.data, inputs.step)...);
}

}  // namespace ovext
