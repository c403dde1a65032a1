#include "ops/multi_scale_deformable_attention/op.hpp"

#include <openvino/core/op_extension.hpp>
#include <ovext/checks.hpp>
#include <ovext/elements.hpp>
#include <ovext/inputs.hpp>
#include <ovext/parallel.hpp>

#include "ops/multi_scale_deformable_attention/frameworks.hpp"
#include "ops/multi_scale_deformable_attention/kernel.hpp"

namespace multi_scale_deformable_attention {
namespace {

using Kernel = decltype(&run<ovext::f32, ovext::i64, ovext::i64, ovext::f32, ovext::f32, ovext::f32>);

/// The kernel for inputs of these types; nullptr where there is none.
Kernel kernel_for(const ov::element::Type& value, const ov::element::Type& level_shapes) {
    if (value == ov::element::f32 && level_shapes == ov::element::i64) {
        return run<ovext::f32, ovext::i64, ovext::i64, ovext::f32, ovext::f32, ovext::f32>;
    }
    if (value == ov::element::f32 && level_shapes == ov::element::i32) {
        return run<ovext::f32, ovext::i32, ovext::i32, ovext::f32, ovext::f32, ovext::f32>;
    }
    if (value == ov::element::f16 && level_shapes == ov::element::i64) {
        return run<ovext::f16, ovext::i64, ovext::i64, ovext::f16, ovext::f16, ovext::f16>;
    }
    if (value == ov::element::f16 && level_shapes == ov::element::i32) {
        return run<ovext::f16, ovext::i32, ovext::i32, ovext::f16, ovext::f16, ovext::f16>;
    }
    return nullptr;
}

std::int64_t element(const ov::Tensor& tensor, std::size_t at) {
    return tensor.get_element_type() == ov::element::i64 ? tensor.data<std::int64_t>()[at]
                                                         : tensor.data<std::int32_t>()[at];
}

/// The kernel reads where these say.
void check_levels(const ov::Tensor& shapes, const ov::Tensor& starts, std::size_t size) {
    const auto all = static_cast<std::int64_t>(size);
    for (std::size_t level = 0; level < starts.get_size(); ++level) {
        const auto height = element(shapes, 2 * level);
        const auto width = element(shapes, 2 * level + 1);
        const auto start = element(starts, level);
        OPENVINO_ASSERT(
            height >= 0 && width >= 0 && height <= all && width <= all && start >= 0 && start <= all - height * width,
            "MultiScaleDeformableAttention: level ",
            level,
            " of ",
            height,
            " x ",
            width,
            " from ",
            start,
            " on is not in the ",
            size,
            " values");
    }
}

}  // namespace

MultiScaleDeformableAttention::MultiScaleDeformableAttention(const ov::OutputVector& inputs,
                                                             const Attributes& attributes)
    : Op(inputs),
      m_attributes(attributes) {
    constructor_validate_and_infer_types();
}

void MultiScaleDeformableAttention::validate_and_infer_types() {
    ovext::check_input_count(this, 5);
    ovext::check_type(this, 0, "value", {ov::element::f32, ov::element::f16});
    ovext::check_type(this, 1, "level_shapes", {ov::element::i64, ov::element::i32});
    ovext::check_same_type(this, 2, "level_starts", 1, "level_shapes");
    ovext::check_same_type(this, 3, "locations", 0, "value");
    ovext::check_same_type(this, 4, "weights", 0, "value");
    m_attributes.check(this);
    const auto shapes = output_shapes(ovext::input_shapes(this));
    set_output_type(0, get_input_element_type(0), shapes[0]);
}

std::vector<ov::PartialShape> MultiScaleDeformableAttention::output_shapes(
    const std::vector<ov::PartialShape>& inputs) const {
    ovext::Dims dims(this);
    dims.read("value", inputs[0], {"N", "S", "M", "D"});
    dims.read("level_shapes", inputs[1], {"L", "2"});
    dims.read("level_starts", inputs[2], {"L"});
    dims.read("locations", inputs[3], {"N", "Q", "M", "L", "P", "2"});
    dims.read("weights", inputs[4], {"N", "Q", "M", "L", "P"});
    return {dims.shape({dims["N"], dims["Q"], dims["M"] * dims["D"]})};
}

std::shared_ptr<ov::Node> MultiScaleDeformableAttention::clone_with_new_inputs(const ov::OutputVector& inputs) const {
    check_new_args_count(this, inputs);
    return std::make_shared<MultiScaleDeformableAttention>(inputs, m_attributes);
}

bool MultiScaleDeformableAttention::visit_attributes(ov::AttributeVisitor& visitor) {
    m_attributes.visit(visitor);
    return true;
}

bool MultiScaleDeformableAttention::has_evaluate() const {
    return kernel_for(get_input_element_type(0), get_input_element_type(1)) != nullptr;
}

bool MultiScaleDeformableAttention::evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const {
    const auto kernel = kernel_for(inputs[0].get_element_type(), inputs[1].get_element_type());
    if (kernel == nullptr) {
        return false;
    }
    const auto infer = [this](const auto& known) {
        return output_shapes(known);
    };
    const auto shapes = ovext::output_shapes_for(this, inputs, infer);
    outputs[0].set_shape(shapes[0].to_shape());
    const auto sizes = sizes_of(ovext::shapes_of(inputs), ovext::shapes_of(outputs));
    check_levels(inputs[1], inputs[2], sizes.S);
    const auto bytes = ovext::byte_size(inputs) + ovext::byte_size(outputs);
    const auto* value = inputs[0].data();
    const auto* level_shapes = inputs[1].data();
    const auto* level_starts = inputs[2].data();
    const auto* locations = inputs[3].data();
    const auto* weights = inputs[4].data();
    auto* output = outputs[0].data();
    ovext::parallel_rows(sizes.rows(), bytes, sizes.scratch(), [=](std::size_t begin, std::size_t end, void* scratch) {
        kernel(value, level_shapes, level_starts, locations, weights, output, sizes, begin, end, scratch);
    });
    return true;
}

std::vector<ov::Extension::Ptr> extensions() {
    auto all = conversions();
    all.push_back(std::make_shared<ov::OpExtension<MultiScaleDeformableAttention>>());
    return all;
}

}  // namespace multi_scale_deformable_attention
