// ModulatedDeformConv2d: the op as OpenVINO knows it.
#pragma once

#include <openvino/op/op.hpp>

#include <vector>

#include "ops/modulated_deform_conv2d/attributes.hpp"

namespace modulated_deform_conv2d {

/// The convolution of Deformable ConvNets v2: each tap of the kernel reads at an offset of its own, times a
/// mask.
class ModulatedDeformConv2d : public ov::op::Op {
public:
    OPENVINO_OP("ModulatedDeformConv2d", "vision_ops");

    ModulatedDeformConv2d() = default;
    explicit ModulatedDeformConv2d(const ov::OutputVector& inputs, const Attributes& attributes = {});

    void validate_and_infer_types() override;
    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override;
    bool visit_attributes(ov::AttributeVisitor& visitor) override;
    bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override;
    bool has_evaluate() const override;

private:
    std::vector<ov::PartialShape> output_shapes(const std::vector<ov::PartialShape>& inputs) const;

    Attributes m_attributes;
};

}  // namespace modulated_deform_conv2d
