#include <openvino/core/extension.hpp>
#include <openvino/core/op_extension.hpp>
#include <openvino/op/op.hpp>

#include "ops/halved/kernel.hpp"

namespace halved {
namespace {

/// ov::Dimension divides exact multiples only.
ov::Dimension half(const ov::Dimension& size) {
    return size.is_static() ? ov::Dimension((size.get_length() + 1) / 2) : ov::Dimension::dynamic();
}

class Halved : public ov::op::Op {
public:
    OPENVINO_OP("Halved", "gpu_ops");

    Halved() = default;

    explicit Halved(const ov::OutputVector& inputs)
        : Op(inputs) {
        constructor_validate_and_infer_types();
    }

    void validate_and_infer_types() override {
        auto shape = get_input_partial_shape(0);
        if (shape.rank().is_static()) {
            shape[2] = half(shape[2]);
            shape[3] = half(shape[3]);
        }
        set_output_type(0, get_input_element_type(0), shape);
    }

    std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& inputs) const override {
        return std::make_shared<Halved>(inputs);
    }

    bool visit_attributes(ov::AttributeVisitor&) override {
        return true;
    }

    bool has_evaluate() const override {
        return true;
    }

    bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override {
        const auto& in = inputs[0].get_shape();
        const ov::Shape out{in[0], in[1], (in[2] + 1) / 2, (in[3] + 1) / 2};
        outputs[0].set_shape(out);
        const std::size_t size = inputs[0].get_element_type().size();
        const auto* src = static_cast<const char*>(inputs[0].data());
        auto* dst = static_cast<char*>(outputs[0].data());
        for (std::size_t row = 0; row < out[0] * out[1] * out[2]; ++row) {
            const std::size_t from = row / out[2] * in[2] + row % out[2] * 2;
            run(src + from * in[3] * size, dst + row * out[3] * size, out[3], size);
        }
        return true;
    }
};

}  // namespace

std::vector<ov::Extension::Ptr> extensions() {
    return {std::make_shared<ov::OpExtension<Halved>>()};
}

}  // namespace halved
