// MultiScaleDeformableAttention: the op as OpenVINO knows it.
#pragma once

#include <openvino/op/op.hpp>

#include <vector>

#include "ops/multi_scale_deformable_attention/attributes.hpp"

namespace multi_scale_deformable_attention {

/// Samples values at several places of several levels, and sums them with weights: the attention of Deformable
/// DETR.
class MultiScaleDeformableAttention : public ov::op::Op {
public:
    OPENVINO_OP("MultiScaleDeformableAttention", "vision_ops");

    MultiScaleDeformableAttention() = default;
    explicit MultiScaleDeformableAttention(const ov::OutputVector& inputs, const Attributes& attributes = {});

    void validate_and_infer_types() override;
    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override;
    bool visit_attributes(ov::AttributeVisitor& visitor) override;
    bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override;
    bool has_evaluate() const override;

private:
    std::vector<ov::PartialShape> output_shapes(const std::vector<ov::PartialShape>& inputs) const;

    Attributes m_attributes;
};

}  // namespace multi_scale_deformable_attention
