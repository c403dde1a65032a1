// An op of one f32 input whose kernel works on each element.
#pragma once

#include <openvino/core/extension.hpp>
#include <openvino/core/op_extension.hpp>
#include <openvino/op/op.hpp>
#include <ovext/checks.hpp>

/// `Final` is the class itself; it has a static function run(src, dst, count).
template <typename Final>
class Elementwise : public ov::op::Op {
public:
    void validate_and_infer_types() override {
        ovext::check_input_count(this, 1);
        ovext::check_type(this, 0, "data", {ov::element::f32});
        set_output_type(0, get_input_element_type(0), get_input_partial_shape(0));
    }
    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override {
        auto clone = std::make_shared<Final>();
        clone->set_arguments(inputs);
        clone->validate_and_infer_types();
        return clone;
    }
    bool visit_attributes(ov::AttributeVisitor&) override {
        return true;
    }
    bool has_evaluate() const override {
        return get_input_element_type(0) == ov::element::f32;
    }
    bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override {
        outputs[0].set_shape(inputs[0].get_shape());
        Final::run(inputs[0].data<const float>(), outputs[0].data<float>(), inputs[0].get_size());
        return true;
    }
};
