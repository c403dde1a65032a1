#include <openvino/core/extension.hpp>
#include <openvino/core/op_extension.hpp>
#include <openvino/op/op.hpp>

#include "ops/blend/kernel.hpp"

namespace blend {
namespace {

class Blend : public ov::op::Op {
public:
    OPENVINO_OP("Blend", "gpu_ops");

    Blend() = default;

    void validate_and_infer_types() override {
        set_output_type(0, get_input_element_type(0), get_input_partial_shape(0));
    }

    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override {
        auto clone = std::make_shared<Blend>(*this);
        clone->set_arguments(inputs);
        clone->validate_and_infer_types();
        return clone;
    }

    bool visit_attributes(ov::AttributeVisitor& visitor) override {
        visitor.on_attribute("negate", m_negate);
        visitor.on_attribute("bias", m_bias);
        visitor.on_attribute("scale", m_scale);
        visitor.on_attribute("mode", m_mode);
        visitor.on_attribute("weights", m_weights);
        visitor.on_attribute("steps", m_steps);
        return true;
    }

    bool has_evaluate() const override {
        return get_input_element_type(0) == ov::element::f32;
    }

    bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override {
        const auto& shape = inputs[0].get_shape();
        outputs[0].set_shape(shape);
        const std::size_t plane = shape[2] * shape[3];
        const float sign = m_mode == "sub" ? -1.0f : 1.0f;
        const float outer = m_negate ? -1.0f : 1.0f;
        for (std::size_t i = 0; i < shape[0] * shape[1]; ++i) {
            const std::size_t channel = i % shape[1];
            const float offset = static_cast<float>(m_bias) + m_weights[channel % m_weights.size()] +
                                 static_cast<float>(m_steps[channel % m_steps.size()]);
            run(inputs[0].data<float>() + i * plane,
                inputs[1].data<float>() + i * plane,
                outputs[0].data<float>() + i * plane,
                plane,
                sign,
                outer * m_scale,
                outer * offset);
        }
        return true;
    }

private:
    bool m_negate = false;
    int64_t m_bias = 0;
    float m_scale = 1.0f;
    std::string m_mode = "add";
    std::vector<float> m_weights = {0.0f};
    std::vector<int64_t> m_steps = {0};
};

}  // namespace

std::vector<ov::Extension::Ptr> extensions() {
    return {std::make_shared<ov::OpExtension<Blend>>()};
}

}  // namespace blend
