// Divides elements among OpenVINO's threads. For op.cpp only.
#pragma once

#include <openvino/core/parallel.hpp>
#include <openvino/core/shape.hpp>
#include <openvino/runtime/tensor.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#if defined(__SANITIZE_THREAD__)
#    define OVEXT_THREAD_SANITIZER 1
#elif defined(__has_feature)
#    if __has_feature(thread_sanitizer)
#        define OVEXT_THREAD_SANITIZER 1
#    endif
#endif
#if defined(OVEXT_THREAD_SANITIZER)
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
#endif

namespace ovext {

/// Places that ThreadSanitizer takes for locks. It cannot see by itself where work on OpenVINO's threads starts and
/// ends, because they are not instrumented.
inline char work_starts;
inline char work_ends;

/// What precedes tell() in one thread comes before what follows see() in another that calls it later.
inline void tell([[maybe_unused]] char& order) {
#if defined(OVEXT_THREAD_SANITIZER)
    __tsan_release(&order);
#endif
}

inline void see([[maybe_unused]] char& order) {
#if defined(OVEXT_THREAD_SANITIZER)
    __tsan_acquire(&order);
#endif
}

/// Call body(begin, end) for shares of [0, count), on several threads if there is enough work. `size` is the size of an
/// element in bytes. Shares are whole cache lines, so that no two threads write to the same line.
template <typename Body>
void parallel_ranges(std::size_t count, std::size_t size, const Body& body) {
    // Below this many bytes, a second thread costs more than it saves.
    constexpr std::size_t bytes_per_thread = std::size_t{64} * 1024;
    constexpr std::size_t cache_line = 64;
    const auto wanted = std::max<std::size_t>(1, count * size / bytes_per_thread);
    const auto threads = std::min<std::size_t>(wanted, parallel_get_max_threads());
    const std::size_t unit = std::max<std::size_t>(1, cache_line / size);
    const auto work = [&](int thread, int used) {
        see(work_starts);
        const std::size_t share = (count / used + unit) / unit * unit;
        const std::size_t begin = std::min(count, share * thread);
        const std::size_t end = std::min(count, begin + share);
        if (begin < end) {
            body(begin, end);
        }
        tell(work_ends);
    };
    tell(work_starts);
    ov::parallel_nt_static(static_cast<int>(threads), work);
    see(work_ends);
}

/// Memory for kernels that is kept from call to call, and freed with the library.
class ScratchPool {
public:
    /// Memory that belongs to its holder until that is gone.
    class Piece {
    public:
        Piece(ScratchPool& pool, std::size_t bytes)
            : m_pool(pool),
              m_memory(bytes == 0 ? std::vector<char>{} : pool.take(bytes + cache_line)) {
        }
        ~Piece() {
            m_pool.give_back(std::move(m_memory));
        }
        Piece(const Piece&) = delete;
        Piece& operator=(const Piece&) = delete;

        /// The first byte, at the begin of a cache line; nullptr without memory.
        void* data() {
            void* begin = m_memory.data();
            std::size_t space = m_memory.size();
            return begin == nullptr ? nullptr : std::align(cache_line, 1, begin, space);
        }

    private:
        ScratchPool& m_pool;
        std::vector<char> m_memory;
    };

private:
    static constexpr std::size_t cache_line = 64;

    std::vector<char> take(std::size_t bytes) {
        std::vector<char> memory;
        {
            const std::lock_guard<std::mutex> lock(m_mutex);
            if (!m_free.empty()) {
                memory = std::move(m_free.back());
                m_free.pop_back();
            }
        }
        if (memory.size() < bytes) {
            memory = std::vector<char>(bytes);
        }
        return memory;
    }

    void give_back(std::vector<char> memory) {
        if (!memory.empty()) {
            const std::lock_guard<std::mutex> lock(m_mutex);
            m_free.push_back(std::move(memory));
        }
    }

    std::mutex m_mutex;
    std::vector<std::vector<char>> m_free;
};

inline ScratchPool scratch_pool;

inline std::size_t byte_size(const ov::TensorVector& tensors) {
    std::size_t bytes = 0;
    for (const auto& one : tensors) {
        bytes += one.get_byte_size();
    }
    return bytes;
}

/// Call body(begin, end, scratch) for ranges of `rows` rows, on several threads if there is enough work: `bytes` is the
/// size of all tensors together. Each call has `scratch` bytes for itself.
template <typename Body>
void parallel_rows(std::size_t rows, std::size_t bytes, std::size_t scratch, const Body& body) {
    if (rows == 0) {
        return;
    }
    parallel_ranges(rows, std::max<std::size_t>(1, bytes / rows), [&](std::size_t begin, std::size_t end) {
        ScratchPool::Piece piece(scratch_pool, scratch);
        body(begin, end, piece.data());
    });
}

/// The shape of an input whose first dimension belongs to `axis` of `rank`, as numpy would broadcast it.
inline ov::Shape aligned(ov::Shape shape, std::size_t axis, std::size_t rank) {
    shape.resize(rank - axis, 1);
    return shape;
}

/// The inputs of an elementwise op with numpy's broadcasting, as runs of consecutive elements.
template <std::size_t Inputs>
class Broadcast {
public:
    /// `inputs` broadcast to `output`.
    Broadcast(const ov::Shape& output, const std::array<ov::Shape, Inputs>& inputs) {
        std::array<std::size_t, Inputs> stride;
        stride.fill(1);
        for (std::size_t axis = output.size(); axis-- > 0;) {
            std::array<std::size_t, Inputs> steps;
            for (std::size_t i = 0; i < Inputs; ++i) {
                const std::size_t missing = output.size() - inputs[i].size();
                const std::size_t size = axis < missing ? 1 : inputs[i][axis - missing];
                steps[i] = size == 1 ? 0 : stride[i];
                stride[i] *= size;
            }
            add(output[axis], steps);
        }
    }

    /// Call body(to, from, steps, count) for each run. It computes `count` elements of the output, starting at element
    /// `to`. Its elements of input i start at from[i], and the next one is always steps[i] (0 or 1) further.
    template <typename Body>
    void parallel(std::size_t element_size, const Body& body) const {
        parallel_ranges(m_total, element_size, [&](std::size_t begin, std::size_t end) {
            while (begin < end) {
                const std::size_t inner = m_axes[0].size;
                const std::size_t count = std::min(end - begin, inner - begin % inner);
                body(begin, offsets(begin), m_axes[0].steps, count);
                begin += count;
            }
        });
    }

private:
    struct Axis {
        std::size_t size = 1;
        std::array<std::size_t, Inputs> steps{};
    };

    /// Adds the next outer dimension. It is merged with the last one if every input continues in it with the same step.
    void add(std::size_t size, const std::array<std::size_t, Inputs>& steps) {
        m_total *= size;
        if (size == 1) {
            return;
        }
        auto& last = m_axes.back();
        const auto goes_on = [&](std::size_t i) {
            return steps[i] == last.steps[i] * last.size;
        };
        bool is_one = last.size == 1;
        if (is_one) {
            last.steps = steps;
        } else {
            is_one = true;
            for (std::size_t i = 0; i < Inputs; ++i) {
                is_one = is_one && goes_on(i);
            }
        }
        if (is_one) {
            last.size *= size;
        } else {
            m_axes.push_back({size, steps});
        }
    }

    std::array<std::size_t, Inputs> offsets(std::size_t element) const {
        std::array<std::size_t, Inputs> result{};
        for (const auto& axis : m_axes) {
            for (std::size_t i = 0; i < Inputs; ++i) {
                result[i] += element % axis.size * axis.steps[i];
            }
            element /= axis.size;
        }
        return result;
    }

    std::size_t m_total = 1;
    std::vector<Axis> m_axes = {Axis{}};  // the innermost first
};

}  // namespace ovext
