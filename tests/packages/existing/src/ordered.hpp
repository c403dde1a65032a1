#pragma once

#include <openvino/op/op.hpp>

/// The elements of a tensor in ascending order, as one list.
class Ordered : public ov::op::Op {
public:
    OPENVINO_OP("Ordered", "existing");

    Ordered() = default;
    explicit Ordered(const ov::Output<ov::Node>& data);

    void validate_and_infer_types() override;
    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override;
    bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override;
    bool has_evaluate() const override;
};
