// GroupNormSiLU: the op as OpenVINO knows it.
#pragma once

#include <openvino/op/op.hpp>

#include <vector>

#include "ops/group_norm_silu/attributes.hpp"

namespace group_norm_silu {

/// SiLU of a group normalisation: the channels of a sample are normalised in groups, scaled and shifted, then x *
/// sigmoid(x).
class GroupNormSiLU : public ov::op::Op {
public:
    OPENVINO_OP("GroupNormSiLU", "extension");

    GroupNormSiLU() = default;
    explicit GroupNormSiLU(const ov::OutputVector& inputs, const Attributes& attributes = {});

    void validate_and_infer_types() override;
    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override;
    bool visit_attributes(ov::AttributeVisitor& visitor) override;
    bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override;
    bool has_evaluate() const override;

private:
    std::vector<ov::PartialShape> output_shapes(const std::vector<ov::PartialShape>& inputs) const;

    Attributes m_attributes;
};

}  // namespace group_norm_silu
