// What bounds a kernel on this machine, as ops of OpenVINO: copying memory, and multiplying with addition in registers.
#include <openvino/core/extension.hpp>
#include <openvino/core/op_extension.hpp>
#include <openvino/core/parallel.hpp>
#include <openvino/op/op.hpp>

#include <algorithm>
#include <cstring>
#include <vector>

namespace {

/// Copies its input.
class RoofCopy : public ov::op::Op {
public:
    OPENVINO_OP("RoofCopy", "ovext_roofs");

    RoofCopy() = default;
    explicit RoofCopy(const ov::OutputVector& inputs)
        : Op(inputs) {
        constructor_validate_and_infer_types();
    }
    void validate_and_infer_types() override {
        set_output_type(0, get_input_element_type(0), get_input_partial_shape(0));
    }
    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override {
        return std::make_shared<RoofCopy>(inputs);
    }
    bool visit_attributes(ov::AttributeVisitor&) override {
        return true;
    }
    bool has_evaluate() const override {
        return true;
    }
    bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override {
        const auto* from = static_cast<const char*>(inputs[0].data());
        auto* to = static_cast<char*>(outputs[0].data());
        const std::size_t size = inputs[0].get_byte_size();
        ov::parallel_nt_static(0, [&](int thread, int threads) {
            const std::size_t share = (size / threads + 64) / 64 * 64;
            const std::size_t begin = std::min(size, share * thread);
            std::memcpy(to + begin, from + begin, std::min(size, begin + share) - begin);
        });
        return true;
    }
};

#if defined(__AVX512F__)
constexpr int vector_bytes = 64;
#elif defined(__AVX__)
constexpr int vector_bytes = 32;
#else
constexpr int vector_bytes = 16;
#endif
using Vector = float __attribute__((vector_size(vector_bytes)));
constexpr int chains = 10;  // as many as hide the latency of an instruction
constexpr int steps = 100000;

float multiply_and_add(float start) {
    Vector sums[chains];
    Vector factor;
    for (std::size_t i = 0; i < vector_bytes / sizeof(float); ++i) {
        factor[i] = 0.999F;
    }
    for (int chain = 0; chain < chains; ++chain) {
        for (std::size_t i = 0; i < vector_bytes / sizeof(float); ++i) {
            sums[chain][i] = start + static_cast<float>(chain);
        }
    }
    for (int step = 0; step < steps; ++step) {
#pragma GCC unroll 10
        for (int chain = 0; chain < chains; ++chain) {
            sums[chain] = sums[chain] * factor + factor;
        }
    }
    float result = 0;
    for (const auto& one : sums) {
        result += one[0];
    }
    return result;
}

/// Computes on all threads. Its output is the number of operations.
class RoofPeak : public ov::op::Op {
public:
    OPENVINO_OP("RoofPeak", "ovext_roofs");

    RoofPeak() = default;
    explicit RoofPeak(const ov::OutputVector& inputs)
        : Op(inputs) {
        constructor_validate_and_infer_types();
    }
    void validate_and_infer_types() override {
        set_output_type(0, ov::element::f32, ov::Shape{2});
    }
    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override {
        return std::make_shared<RoofPeak>(inputs);
    }
    bool visit_attributes(ov::AttributeVisitor&) override {
        return true;
    }
    bool has_evaluate() const override {
        return true;
    }
    bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override {
        std::vector<float> results(parallel_get_max_threads() * 16);
        const float start = *static_cast<const float*>(inputs[0].data());
        int used = 1;
        ov::parallel_nt_static(0, [&](int thread, int threads) {
            results[thread * 16] = multiply_and_add(start);
            if (thread == 0) {
                used = threads;
            }
        });
        auto* output = static_cast<float*>(outputs[0].data());
        output[0] = 2.0F * used * steps * chains * (vector_bytes / sizeof(float));
        output[1] = results[0];
        return true;
    }
};

}  // namespace

OPENVINO_CREATE_EXTENSIONS(std::vector<ov::Extension::Ptr>({
    std::make_shared<ov::OpExtension<RoofCopy>>(),
    std::make_shared<ov::OpExtension<RoofPeak>>(),
}));
