// Wrong ways to compute the ops of test_mistakes.py, each named after what is wrong. The environment variable MISTAKE
// chooses one. All ops give back their first input; Pair adds its second one.
#pragma once

#include <openvino/core/parallel.hpp>
#include <openvino/runtime/tensor.hpp>
#include <ovext/parallel.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace mistakes {

using Flat = void (*)(const float* data, float* output, std::size_t count);
using Rows = void (*)(const float* data, float* output, std::size_t n, std::size_t c);
using Whole = void (*)(ov::TensorVector& outputs, const ov::TensorVector& inputs);

inline void copy(const float* data, float* output, std::size_t count) {
    std::copy(data, data + count, output);
}

/// Calls body for shares as a correct op does.
template <typename Body>
void shares(std::size_t count, const Body& body) {
    ovext::parallel_ranges(count, sizeof(float), body);
}

inline float read(const float* place) {
    return *static_cast<const volatile float*>(place);
}

inline const std::map<std::string, Flat> flat = {
    {"none", copy},
    {"starts_a_thread",  // no mistake, but an emulated CPU cannot run it
     [](const float* data, float* output, std::size_t count) {
         std::thread(copy, data, output, count).join();
     }},
    {"wrong_for_3_elements_and_starts_a_thread_for_2",
     [](const float* data, float* output, std::size_t count) {
         copy(data, output, count);
         if (count == 2) {
             std::thread([] {
             }).join();
         }
         if (count >= 3) {
             output[0] += 1;
         }
     }},
    {"hangs_once",
     [](const float* data, float* output, std::size_t count) {
         static int calls = 0;
         for (volatile bool hangs = calls++ == 0; hangs;) {
         }
         copy(data, output, count);
     }},
    {"overflows_the_stack",
     [](const float* data, float* output, std::size_t count) {
         auto* bytes = static_cast<volatile char*>(__builtin_alloca(9 << 20));
         for (std::size_t i = 9 << 20; i > 0; i -= 4096) {
             bytes[i - 1] = 1;
         }
         copy(data, output, count);
     }},
    {"throws_without_a_text",
     [](const float*, float*, std::size_t) {
         throw std::runtime_error("");
     }},
    {"throws_a_number",
     [](const float*, float*, std::size_t) {
         throw 42;
     }},
    {"calls_a_trap",
     [](const float*, float*, std::size_t) {
         __builtin_trap();
     }},
    {"calls_null",
     [](const float*, float*, std::size_t) {
         void (*volatile function)() = nullptr;
         function();
     }},
    {"reads_one_past_the_end",
     [](const float* data, float* output, std::size_t count) {
         copy(data, output, count);
         read(data + count);
     }},
    {"reads_a_whole_vector_at_the_tail",
     [](const float* data, float* output, std::size_t count) {
         copy(data, output, count);
         for (std::size_t i = count; i % 8 != 0; ++i) {
             read(data + i);
         }
     }},
    {"reads_before_the_start",
     [](const float* data, float* output, std::size_t count) {
         copy(data, output, count);
         read(data - 1);
     }},
    {"reads_ahead",
     [](const float* data, float* output, std::size_t count) {
         copy(data, output, count);
         read(data + count + 100);
     }},
    {"writes_one_past_the_end",
     [](const float* data, float* output, std::size_t count) {
         copy(data, output, count);
         *static_cast<volatile float*>(output + count) = 0;
     }},
    {"writes_a_whole_vector_at_the_tail",
     [](const float* data, float* output, std::size_t count) {
         copy(data, output, count);
         for (std::size_t i = count; i % 8 != 0; ++i) {
             *static_cast<volatile float*>(output + i) = 0;
         }
     }},
    {"writes_before_the_start",
     [](const float* data, float* output, std::size_t count) {
         copy(data, output, count);
         *static_cast<volatile float*>(output - 1) = 0;
     }},
    {"second_share_reads_past_its_end",
     [](const float* data, float* output, std::size_t count) {
         shares(count, [=](std::size_t begin, std::size_t end) {
             copy(data + begin, output + begin, end - begin);
             read(data + end - (begin == 0));
         });
     }},
    {"leaves_the_last_element_of_each_share_but_the_first",
     [](const float* data, float* output, std::size_t count) {
         shares(count, [=](std::size_t begin, std::size_t end) {
             copy(data + begin, output + begin, end - begin - (begin > 0));
         });
     }},
    {"leaves_the_tail_after_vectors",
     [](const float* data, float* output, std::size_t count) {
         copy(data, output, count / 8 * 8);
     }},
    {"leaves_what_is_zero",
     [](const float* data, float* output, std::size_t count) {
         for (std::size_t i = 0; i < count; ++i) {
             if (data[i] != 0) {
                 output[i] = data[i];
             }
         }
     }},
    {"leaves_the_first_element",
     [](const float* data, float* output, std::size_t count) {
         copy(data + 1, output + 1, std::max<std::size_t>(count, 1) - 1);
     }},
    {"leaves_a_tensor_of_one_element",
     [](const float* data, float* output, std::size_t count) {
         copy(data, output, count == 1 ? 0 : count);
     }},
    {"leaves_what_is_beyond_65536",
     [](const float* data, float* output, std::size_t count) {
         copy(data, output, std::min<std::size_t>(count, 65536));
     }},
    {"leaves_the_remainder_of_the_shares",
     [](const float* data, float* output, std::size_t count) {
         const std::size_t threads = parallel_get_max_threads();
         copy(data, output, threads > 2 && count > threads ? count / threads * threads : count);
     }},
    {"wrong_above_1_mb",
     [](const float* data, float* output, std::size_t count) {
         copy(data, output, count);
         if (count > 262144) {
             output[count - 1] += 1;
         }
     }},
    {"wrong_for_17_elements",
     [](const float* data, float* output, std::size_t count) {
         copy(data, output, count);
         if (count == 17) {
             output[3] += 1;
         }
     }},
    {"wrong_in_the_tail",
     [](const float* data, float* output, std::size_t count) {
         copy(data, output, count);
         for (std::size_t i = count / 16 * 16; i < count; ++i) {
             output[i] += 0.01F;
         }
     }},
    {"wrong_in_the_second_share",
     [](const float* data, float* output, std::size_t count) {
         shares(count, [=](std::size_t begin, std::size_t end) {
             copy(data + begin, output + begin, end - begin);
             output[begin] += begin > 0;
         });
     }},
    {"counts_in_16_bits",
     [](const float* data, float* output, std::size_t count) {
         for (std::size_t i = 0; i < count; ++i) {
             output[i] = data[static_cast<std::uint16_t>(i)];
         }
     }},
    {"clamps_large_values",
     [](const float* data, float* output, std::size_t count) {
         for (std::size_t i = 0; i < count; ++i) {
             output[i] = std::min(data[i], 7.9F);
         }
     }},
    {"a_little_beyond_the_tolerance",
     [](const float* data, float* output, std::size_t count) {
         for (std::size_t i = 0; i < count; ++i) {
             output[i] = data[i] * 1.00002F + (data[i] < 0 ? -1.5e-5F : 1.5e-5F);
         }
     }},
    {"depends_on_the_number_of_threads",
     [](const float* data, float* output, std::size_t count) {
         for (std::size_t i = 0; i < count; ++i) {
             output[i] = data[i] + 1e-6F * static_cast<float>(parallel_get_max_threads());
         }
     }},
    {"rounds_otherwise_at_the_start_of_a_share",
     [](const float* data, float* output, std::size_t count) {
         ov::parallel_nt_static(0, [&](int thread, int used) {
             const std::size_t begin = count * thread / used;
             const std::size_t end = count * (thread + 1) / used;
             copy(data + begin, output + begin, end - begin);
             if (begin < end && begin > 0) {
                 output[begin] = std::nextafter(output[begin], 100.0F);
             }
         });
     }},
    {"rounds_otherwise_in_the_tail",
     [](const float* data, float* output, std::size_t count) {
         copy(data, output, count);
         for (std::size_t i = count / 8 * 8; i < count; ++i) {
             output[i] = std::nextafter(output[i], 100.0F);
         }
     }},
    {"rounds_otherwise_until_memory_is_aligned",
     [](const float* data, float* output, std::size_t count) {
         copy(data, output, count);
         for (std::size_t i = 0; i < count && reinterpret_cast<std::uintptr_t>(output + i) % 64 != 0; ++i) {
             output[i] = std::nextafter(output[i], 100.0F);
         }
     }},
    {"keeps_results_by_address",
     [](const float* data, float* output, std::size_t count) {
         static std::map<std::pair<const float*, std::size_t>, std::vector<float>> known;
         auto& result = known[{data, count}];
         if (result.empty()) {
             result.assign(data, data + count);
         }
         copy(result.data(), output, count);
     }},
    {"keeps_the_values_of_the_first_call_of_a_size",
     [](const float* data, float* output, std::size_t count) {
         thread_local std::map<std::size_t, std::vector<float>> known;
         auto& result = known[count];
         if (result.empty() || result[0] == data[0]) {
             result.assign(data, data + count);
         }
         copy(result.data(), output, count);
     }},
    {"shares_a_buffer_between_requests",
     [](const float* data, float* output, std::size_t count) {
         static std::vector<float> buffer(1 << 20);
         copy(data, buffer.data(), std::min<std::size_t>(count, buffer.size()));
         for (std::size_t i = 0; i < count; ++i) {
             output[i] = i < buffer.size() ? static_cast<volatile float&>(buffer[i]) : data[i];
         }
     }},
    {"shares_a_pointer_between_requests",
     [](const float* data, float* output, std::size_t count) {
         static const float* volatile from;
         from = data;
         for (std::size_t i = 0; i < count; ++i) {
             output[i] = from[i];
         }
     }},
    {"works_in_its_input",
     [](const float* data, float* output, std::size_t count) {
         copy(data, output, count);
         std::fill_n(const_cast<float*>(data), count / 2, 0.0F);
     }},
    {"divides_by_the_number_of_elements",
     [](const float* data, float* output, std::size_t count) {
         copy(data, output, count);
         static volatile std::size_t share;
         share = 100 / count;
     }},
    {"does_not_end_without_elements",
     [](const float* data, float* output, std::size_t count) {
         copy(data, output, count);
         for (volatile bool wait = count == 0; wait;) {
         }
     }},
    {"needs_aligned_memory",
     [](const float* data, float* output, std::size_t count) {
         copy(data, output, count);
         if (count >= 4) {
             asm volatile("movaps (%0), %%xmm0" : : "r"(data) : "xmm0");
         }
     }},
    {"overflows_a_buffer_of_its_own",
     [](const float* data, float* output, std::size_t count) {
         copy(data, output, count);
         const std::vector<float> buffer(count);
         read(buffer.data() + count);
     }},
    {"overflows_an_int",
     [](const float* data, float* output, std::size_t count) {
         copy(data, output, count);
         volatile int largest = std::numeric_limits<int>::max();
         largest = largest + static_cast<int>(count > 0);
     }},
    {"throws_for_large_tensors",
     [](const float* data, float* output, std::size_t count) {
         copy(data, output, count);
         if (count > 100000) {
             throw std::runtime_error("too large");
         }
     }},
};

inline const std::map<std::string, Rows> rows = {
    {"uses_the_number_of_rows_as_their_length",
     [](const float* data, float* output, std::size_t n, std::size_t c) {
         for (std::size_t i = 0; i < n * c; ++i) {
             output[i] = data[(i / c * n + i % c) % (n * c)];
         }
     }},
    {"leaves_rows_beyond_64",
     [](const float* data, float* output, std::size_t n, std::size_t c) {
         copy(data, output, std::min<std::size_t>(n, 64) * c);
     }},
    {"wrong_for_one_column",
     [](const float* data, float* output, std::size_t n, std::size_t c) {
         copy(data, output, n * c);
         if (c == 1 && n > 1) {
             output[n - 1] += 1;
         }
     }},
    {"wrong_for_long_rows",
     [](const float* data, float* output, std::size_t n, std::size_t c) {
         copy(data, output, n * c);
         if (c > 4096 && n > 1) {
             output[c] += 1;
         }
     }},
    {"shares_sums_between_requests",
     [](const float* data, float* output, std::size_t n, std::size_t c) {
         static std::vector<float> sums;
         sums.assign(n, 0);
         for (std::size_t i = 0; i < n * c; ++i) {
             sums[i / c] += data[i];
         }
         for (std::size_t i = 0; i < n * c; ++i) {
             output[i] = data[i];
             for (std::size_t r = i / c; r < i / c + (i % c == 0); ++r) {
                 float again = 0;
                 again = std::accumulate(data + r * c, data + (r + 1) * c, again);
                 output[i] += sums[r] - again;
             }
         }
     }},
};

inline void add(ov::TensorVector& outputs,
                const ov::TensorVector& inputs,
                const std::function<std::size_t(std::size_t)>& of_b) {
    ov::PartialShape shape = inputs[0].get_shape();
    ov::PartialShape::broadcast_merge_into(shape, inputs[1].get_shape(), ov::op::AutoBroadcastType::NUMPY);
    outputs[0].set_shape(shape.to_shape());
    const auto* a = inputs[0].data<const float>();
    const auto* b = inputs[1].data<const float>();
    auto* output = static_cast<float*>(outputs[0].data());
    for (std::size_t i = 0; i < outputs[0].get_size(); ++i) {
        output[i] = a[i % inputs[0].get_size()] + b[of_b(i)];
    }
}

inline const std::map<std::string, Whole> whole = {
    {"reads_the_second_input_as_if_it_were_whole",
     [](ov::TensorVector& outputs, const ov::TensorVector& inputs) {
         add(outputs, inputs, [](std::size_t i) {
             return i;
         });
     }},
    {"knows_only_leading_dimensions_to_broadcast",
     [](ov::TensorVector& outputs, const ov::TensorVector& inputs) {
         add(outputs, inputs, [&](std::size_t i) {
             return i % inputs[1].get_size();
         });
     }},
    {"loses_a_dimension_of_size_1",
     [](ov::TensorVector& outputs, const ov::TensorVector& inputs) {
         auto shape = inputs[0].get_shape();
         if (shape.size() > 1 && shape[0] == 1) {
             shape.erase(shape.begin());
         }
         outputs[0].set_shape(shape);
         copy(inputs[0].data<const float>(), outputs[0].data<float>(), outputs[0].get_size());
     }},
    {"makes_a_scalar_a_vector",
     [](ov::TensorVector& outputs, const ov::TensorVector& inputs) {
         auto shape = inputs[0].get_shape();
         outputs[0].set_shape(shape.empty() ? ov::Shape{1} : shape);
         copy(inputs[0].data<const float>(), outputs[0].data<float>(), outputs[0].get_size());
     }},
    {"gives_one_row_too_many",
     [](ov::TensorVector& outputs, const ov::TensorVector& inputs) {
         auto shape = inputs[0].get_shape();
         if (shape.size() == 3) {
             ++shape[0];
         }
         outputs[0].set_shape(shape);
         copy(inputs[0].data<const float>(), outputs[0].data<float>(), inputs[0].get_size());
     }},
};

/// Computes the op in the chosen wrong way; false where none is chosen.
inline bool compute(ov::TensorVector& outputs, const ov::TensorVector& inputs) {
    const char* name = std::getenv("MISTAKE");
    if (name == nullptr) {
        return false;
    }
    if (const auto found = whole.find(name); found != whole.end()) {
        found->second(outputs, inputs);
        return true;
    }
    outputs[0].set_shape(inputs[0].get_shape());
    const auto* data = inputs[0].data<const float>();
    auto* output = static_cast<float*>(outputs[0].data());
    if (const auto found = flat.find(name); found != flat.end()) {
        found->second(data, output, outputs[0].get_size());
        return true;
    }
    const auto& shape = inputs[0].get_shape();
    rows.at(name)(data, output, shape.at(0), shape.at(1));
    return true;
}

}  // namespace mistakes
