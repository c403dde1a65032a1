// Baselines for ComplexMultiplication: a loop over real and imaginary parts, as one would first write it; the memory
// bound, which reads two arrays and writes one past the cache, with an addition that costs nothing; and an op that does
// nothing, which shows what an inference costs without its op.
#include <emmintrin.h>
#include <openvino/core/extension.hpp>
#include <openvino/core/op_extension.hpp>
#include <openvino/core/parallel.hpp>
#include <openvino/op/op.hpp>

#include <algorithm>

namespace {

template <typename Derived>
class Baseline : public ov::op::Op {
public:
    void validate_and_infer_types() override {
        set_output_type(0, get_input_element_type(0), get_input_partial_shape(0));
    }
    bool visit_attributes(ov::AttributeVisitor&) override {
        return true;
    }
    bool has_evaluate() const override {
        return true;
    }
    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override {
        auto clone = std::make_shared<Derived>();
        clone->set_arguments(inputs);
        clone->validate_and_infer_types();
        return clone;
    }
};

class PlainComplexMultiplication : public Baseline<PlainComplexMultiplication> {
public:
    OPENVINO_OP("PlainComplexMultiplication", "opset1");

    bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override {
        const auto* x = inputs[0].data<float>();
        const auto* y = inputs[1].data<float>();
        auto* z = outputs[0].data<float>();
        const auto& shape = inputs[0].get_shape();
        const std::size_t plane = shape[2] * shape[3];
        ov::parallel_for(shape[0] * shape[1], [&](std::size_t channel) {
            for (std::size_t i = channel * plane; i < (channel + 1) * plane; ++i) {
                const float real = x[2 * i];
                const float imaginary = x[2 * i + 1];
                z[2 * i] = real * y[2 * i] - imaginary * y[2 * i + 1];
                z[2 * i + 1] = real * y[2 * i + 1] + imaginary * y[2 * i];
            }
        });
        return true;
    }
};

class ThreeStreams : public Baseline<ThreeStreams> {
public:
    OPENVINO_OP("ThreeStreams", "opset1");

    bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override {
        const auto* x = inputs[0].data<float>();
        const auto* y = inputs[1].data<float>();
        auto* z = outputs[0].data<float>();
        const std::size_t quads = inputs[0].get_size() / 4;
        ov::parallel_nt_static(0, [=](int thread, int threads) {
            const std::size_t share = quads / threads + 1;
            const std::size_t end = std::min(quads, share * (thread + 1));
            for (std::size_t i = share * thread; i < end; ++i) {
                _mm_stream_ps(z + 4 * i, _mm_add_ps(_mm_loadu_ps(x + 4 * i), _mm_loadu_ps(y + 4 * i)));
            }
            _mm_sfence();
        });
        return true;
    }
};

class NoWork : public Baseline<NoWork> {
public:
    OPENVINO_OP("NoWork", "opset1");

    bool evaluate(ov::TensorVector&, const ov::TensorVector&) const override {
        return true;
    }
};

}  // namespace

OPENVINO_CREATE_EXTENSIONS(
    std::vector<ov::Extension::Ptr>({std::make_shared<ov::OpExtension<PlainComplexMultiplication>>(),
                                     std::make_shared<ov::OpExtension<ThreeStreams>>(),
                                     std::make_shared<ov::OpExtension<NoWork>>()}));
