// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
// Snake: the op as OpenVINO knows it.
#pragma once

#include <openvino/op/op.hpp>

#include <vector>

#include "ops/snake/attributes.hpp"

namespace snake {

/// The activation data + sin(alpha * data)^2 / (alpha + 1e-9), with an alpha for each channel.
class Snake : public ov::op::Op {
public:
    OPENVINO_OP("Snake", "llm_ops");

    Snake() = default;
    explicit Snake(const ov::OutputVector& inputs, const Attributes& attributes = {});

    void validate_and_infer_types() override;
    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override;
    bool visit_attributes(ov::AttributeVisitor& visitor) override;
    bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override;
    bool has_evaluate() const override;

private:
    std::vector<ov::PartialShape> output_shapes(const std::vector<ov::PartialShape>& inputs) const;

    Attributes m_attributes;
};

}  // namespace snake
