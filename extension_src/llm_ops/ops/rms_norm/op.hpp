// RMSNorm: the op as OpenVINO knows it.
#pragma once

#include <openvino/op/op.hpp>

#include <vector>

#include "ops/rms_norm/attributes.hpp"

namespace rms_norm {

/// data / sqrt(mean(data * data) + epsilon) * weight, over the last dimension.
class RMSNorm : public ov::op::Op {
public:
    OPENVINO_OP("RMSNorm", "llm_ops");

    RMSNorm() = default;
    explicit RMSNorm(const ov::OutputVector& inputs, const Attributes& attributes = {});

    void validate_and_infer_types() override;
    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override;
    bool visit_attributes(ov::AttributeVisitor& visitor) override;
    bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override;
    bool has_evaluate() const override;

private:
    std::vector<ov::PartialShape> output_shapes(const std::vector<ov::PartialShape>& inputs) const;

    Attributes m_attributes;
};

}  // namespace rms_norm
