#include "ops/multi_scale_deformable_attention/op.hpp"

#include <openvino/core/op_extension.hpp>
#include <ovext/checks.hpp>
#include <ovext/parallel.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "ops/multi_scale_deformable_attention/frameworks.hpp"
#include "ops/multi_scale_deformable_attention/kernel.hpp"

namespace multi_scale_deformable_attention {
namespace {

/// The values of a tensor of i64, which the CPU plugin makes i32.
std::vector<std::int64_t> whole_numbers(const ov::Tensor& tensor) {
    if (tensor.get_element_type() == ov::element::i32) {
        const auto* values = static_cast<const std::int32_t*>(tensor.data());
        return {values, values + tensor.get_size()};
    }
    const auto* values = static_cast<const std::int64_t*>(tensor.data());
    return {values, values + tensor.get_size()};
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
    ovext::check_type(this, 0, "value", {ov::element::f32});
    ovext::check_type(this, 1, "spatial_shapes", {ov::element::i64, ov::element::i32});
    ovext::check_type(this, 2, "level_start_index", {ov::element::i64, ov::element::i32});
    ovext::check_same_type(this, 3, "sampling_locations", 0, "value");
    ovext::check_same_type(this, 4, "attention_weights", 0, "value");
    m_attributes.check(this);
    const auto shapes = output_shapes({get_input_partial_shape(0),
                                       get_input_partial_shape(1),
                                       get_input_partial_shape(2),
                                       get_input_partial_shape(3),
                                       get_input_partial_shape(4)});
    set_output_type(0, get_input_element_type(0), shapes[0]);
}

std::vector<ov::PartialShape> MultiScaleDeformableAttention::output_shapes(
    const std::vector<ov::PartialShape>& inputs) const {
    ovext::Dims dims(this);
    dims.read("value", inputs[0], {"N", "S", "M", "D"});
    dims.read("spatial_shapes", inputs[1], {"L", "2"});
    dims.read("level_start_index", inputs[2], {"L"});
    dims.read("sampling_locations", inputs[3], {"N", "Q", "M", "L", "P", "2"});
    dims.read("attention_weights", inputs[4], {"N", "Q", "M", "L", "P"});
    dims.require(dims["S"] >= dims["L"], "S >= L", {{"L", dims["L"]}, {"S", dims["S"]}});
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
    return get_input_element_type(0) == ov::element::f32;
}

bool MultiScaleDeformableAttention::evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const {
    const auto& value = inputs[0].get_shape();
    const auto& locations = inputs[3].get_shape();
    const std::size_t batches = value[0];
    const std::size_t queries = locations[1];
    const Sizes sizes{value[2], value[3], locations[4]};
    outputs[0].set_shape({batches, queries, sizes.heads * sizes.channels});
    const auto shapes = whole_numbers(inputs[1]);
    const auto starts = whole_numbers(inputs[2]);
    std::vector<std::int64_t> heights;
    std::vector<std::int64_t> widths;
    for (std::size_t level = 0; level < starts.size(); ++level) {
        heights.push_back(shapes[2 * level]);
        widths.push_back(shapes[2 * level + 1]);
    }
    const Levels levels{heights.data(), widths.data(), starts.data(), starts.size()};
    const auto* values = static_cast<const float*>(inputs[0].data());
    const auto* places = static_cast<const float*>(inputs[3].data());
    const auto* weights = static_cast<const float*>(inputs[4].data());
    auto* output = static_cast<float*>(outputs[0].data());
    const std::size_t points = sizes.heads * levels.count * sizes.points;  // of a query
    const std::size_t channels = sizes.heads * sizes.channels;             // of a query
    const std::size_t work = std::max<std::size_t>(1, points * sizes.channels * sizeof(float));
    ovext::parallel_ranges(batches * queries, work, [&](std::size_t begin, std::size_t end) {
        for (std::size_t query = begin; query < end; ++query) {
            run(values + query / queries * value[1] * channels,
                places + query * points * 2,
                weights + query * points,
                output + query * channels,
                levels,
                sizes);
        }
    });
    return true;
}

std::vector<ov::Extension::Ptr> extensions() {
    auto all = conversions();
    all.push_back(std::make_shared<ov::OpExtension<MultiScaleDeformableAttention>>());
    return all;
}

}  // namespace multi_scale_deformable_attention
