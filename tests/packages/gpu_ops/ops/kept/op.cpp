#include <openvino/core/extension.hpp>
#include <openvino/core/op_extension.hpp>
#include <openvino/op/op.hpp>

#include "ops/kept/kernel.hpp"

namespace kept {
namespace {

class Kept : public ov::op::Op {
public:
    OPENVINO_OP("Kept", "gpu_ops");

    Kept() = default;

    explicit Kept(const ov::OutputVector& inputs)
        : Op(inputs) {
        constructor_validate_and_infer_types();
    }

    void validate_and_infer_types() override {
        set_output_type(0, get_input_element_type(0), get_input_partial_shape(0));
    }

    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override {
        return std::make_shared<Kept>(inputs);
    }

    bool visit_attributes(ov::AttributeVisitor&) override {
        return true;
    }

    bool has_evaluate() const override {
        return true;
    }

    bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override {
        outputs[0].set_shape(inputs[0].get_shape());
        run(inputs[0].data(), outputs[0].data(), inputs[0].get_byte_size());
        return true;
    }
};

}  // namespace

std::vector<ov::Extension::Ptr> extensions() {
    return {std::make_shared<ov::OpExtension<Kept>>()};
}

}  // namespace kept
