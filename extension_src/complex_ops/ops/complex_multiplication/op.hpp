// ComplexMultiplication: the op as OpenVINO knows it.
#pragma once

#include <openvino/op/op.hpp>

#include <vector>

#include "ops/complex_multiplication/attributes.hpp"

namespace complex_multiplication {

/// The product of complex numbers, each a pair of real and imaginary part; with is_conj, by the conjugate of the
/// second.
class ComplexMultiplication : public ov::op::Op {
public:
    OPENVINO_OP("ComplexMultiplication", "extension");

    ComplexMultiplication() = default;
    explicit ComplexMultiplication(const ov::OutputVector& inputs, const Attributes& attributes = {});

    void validate_and_infer_types() override;
    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override;
    bool visit_attributes(ov::AttributeVisitor& visitor) override;
    bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override;
    bool has_evaluate() const override;

private:
    std::vector<ov::PartialShape> output_shapes(const std::vector<ov::PartialShape>& inputs) const;

    Attributes m_attributes;
};

}  // namespace complex_multiplication
