// RotaryEmbedding: the op as OpenVINO knows it.
#pragma once

#include <openvino/op/op.hpp>

#include <vector>

#include "ops/rotary_embedding/attributes.hpp"

namespace rotary_embedding {

/// Rotates pairs of the first 2 * R values of each row by the angles whose cosines and sines are given.
class RotaryEmbedding : public ov::op::Op {
public:
    OPENVINO_OP("RotaryEmbedding", "llm_ops");

    RotaryEmbedding() = default;
    explicit RotaryEmbedding(const ov::OutputVector& inputs, const Attributes& attributes = {});

    void validate_and_infer_types() override;
    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override;
    bool visit_attributes(ov::AttributeVisitor& visitor) override;
    bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override;
    bool has_evaluate() const override;

private:
    std::vector<ov::PartialShape> output_shapes(const std::vector<ov::PartialShape>& inputs) const;

    Attributes m_attributes;
};

}  // namespace rotary_embedding
