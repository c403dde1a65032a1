// CustomReLU: the ReLU of a model, computed by this library.
#pragma once

#include <openvino/op/op.hpp>

namespace custom_relu {

/// One input of any shape and of type f32, f16 or bf16; one output of the same shape and type.
class CustomReLU : public ov::op::Op {
public:
    OPENVINO_OP("CustomReLU", "opset1");

    CustomReLU() = default;
    explicit CustomReLU(const ov::Output<ov::Node>& data, float negative_slope = 0.0f);

    void validate_and_infer_types() override;
    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override;
    bool visit_attributes(ov::AttributeVisitor& visitor) override;
    bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override;
    bool has_evaluate() const override;

private:
    float m_negative_slope = 0.0f;
};

}  // namespace custom_relu
