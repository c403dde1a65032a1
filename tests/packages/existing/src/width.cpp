// An op that answers with the width of the registers that its own code was compiled for, in bytes.
#include <openvino/core/op_extension.hpp>
#include <openvino/op/op.hpp>

#include <algorithm>

#include "registry.hpp"

namespace {

#if defined(__AVX512F__)
constexpr float width = 64;
#elif defined(__AVX2__)
constexpr float width = 32;
#else
constexpr float width = 16;
#endif

class Width : public ov::op::Op {
public:
    OPENVINO_OP("Width", "existing");

    void validate_and_infer_types() override {
        set_output_type(0, get_input_element_type(0), get_input_partial_shape(0));
    }
    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override {
        auto clone = std::make_shared<Width>();
        clone->set_arguments(inputs);
        clone->validate_and_infer_types();
        return clone;
    }
    bool has_evaluate() const override {
        return get_input_element_type(0) == ov::element::f32;
    }
    bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override {
        outputs[0].set_shape(inputs[0].get_shape());
        std::fill_n(outputs[0].data<float>(), outputs[0].get_size(), width);
        return true;
    }
};

const Registered registered("Width", [] {
    return std::make_shared<ov::OpExtension<Width>>();
});

}  // namespace
