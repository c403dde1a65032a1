// Baselines for CustomReLU: the loop that a first sample would use, and a copy as the memory bound.
#include <openvino/core/extension.hpp>
#include <openvino/core/op_extension.hpp>
#include <openvino/core/parallel.hpp>
#include <openvino/op/op.hpp>

#include <algorithm>
#include <cstring>

namespace {

class Baseline : public ov::op::Op {
public:
    OPENVINO_OP("Baseline", "opset1");

    void validate_and_infer_types() override {
        set_output_type(0, get_input_element_type(0), get_input_partial_shape(0));
    }
    bool visit_attributes(ov::AttributeVisitor&) override {
        return true;
    }
    bool has_evaluate() const override {
        return true;
    }
};

class NaiveReLU : public Baseline {
public:
    OPENVINO_OP("NaiveReLU", "opset1", Baseline);

    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override {
        auto clone = std::make_shared<NaiveReLU>();
        clone->set_arguments(inputs);
        clone->validate_and_infer_types();
        return clone;
    }
    bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override {
        const float* src = inputs[0].data<float>();
        float* dst = outputs[0].data<float>();
        for (std::size_t i = 0; i < inputs[0].get_size(); ++i) {
            dst[i] = src[i] > 0 ? src[i] : 0;
        }
        return true;
    }
};

class ParallelCopy : public Baseline {
public:
    OPENVINO_OP("ParallelCopy", "opset1", Baseline);

    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override {
        auto clone = std::make_shared<ParallelCopy>();
        clone->set_arguments(inputs);
        clone->validate_and_infer_types();
        return clone;
    }
    bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override {
        const auto* src = static_cast<const char*>(inputs[0].data());
        auto* dst = static_cast<char*>(outputs[0].data());
        const std::size_t size = inputs[0].get_byte_size();
        ov::parallel_nt_static(0, [=](int thread, int threads) {
            const std::size_t share = size / threads + 1;
            const std::size_t begin = std::min(size, share * thread);
            std::memcpy(dst + begin, src + begin, std::min(size - begin, share));
        });
        return true;
    }
};

}  // namespace

OPENVINO_CREATE_EXTENSIONS(std::vector<ov::Extension::Ptr>({std::make_shared<ov::OpExtension<NaiveReLU>>(),
                                                            std::make_shared<ov::OpExtension<ParallelCopy>>()}));
