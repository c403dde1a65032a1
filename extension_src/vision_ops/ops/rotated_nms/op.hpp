// RotatedNMS: the op as OpenVINO knows it.
#pragma once

#include <openvino/op/op.hpp>

#include <vector>

#include "ops/rotated_nms/attributes.hpp"

namespace rotated_nms {

/// Indices (image, class, box) of the boxes that no better box of the same class overlaps by more than the
/// threshold.
class RotatedNMS : public ov::op::Op {
public:
    OPENVINO_OP("RotatedNMS", "vision_ops");

    RotatedNMS() = default;
    explicit RotatedNMS(const ov::OutputVector& inputs, const Attributes& attributes = {});

    void validate_and_infer_types() override;
    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override;
    bool visit_attributes(ov::AttributeVisitor& visitor) override;
    bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override;
    bool has_evaluate() const override;

private:
    std::vector<ov::PartialShape> output_shapes(const std::vector<ov::PartialShape>& inputs) const;

    Attributes m_attributes;
};

}  // namespace rotated_nms
