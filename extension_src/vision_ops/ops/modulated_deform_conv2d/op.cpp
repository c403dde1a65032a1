#include "ops/modulated_deform_conv2d/op.hpp"

#include <openvino/core/op_extension.hpp>
#include <ovext/checks.hpp>
#include <ovext/elements.hpp>
#include <ovext/inputs.hpp>
#include <ovext/parallel.hpp>

#include <limits>

#include "ops/modulated_deform_conv2d/frameworks.hpp"
#include "ops/modulated_deform_conv2d/kernel.hpp"

namespace modulated_deform_conv2d {
namespace {

using Kernel = decltype(&run<ovext::f32, ovext::f32, ovext::f32, ovext::f32, ovext::f32, ovext::f32>);

/// The kernel for inputs of these types; nullptr where there is none.
Kernel kernel_for(const ov::element::Type& type) {
    switch (type) {
        case ov::element::f32:
            return run<ovext::f32, ovext::f32, ovext::f32, ovext::f32, ovext::f32, ovext::f32>;
        case ov::element::f16:
            return run<ovext::f16, ovext::f16, ovext::f16, ovext::f16, ovext::f16, ovext::f16>;
        default:
            return nullptr;
    }
}

}  // namespace

ModulatedDeformConv2d::ModulatedDeformConv2d(const ov::OutputVector& inputs, const Attributes& attributes)
    : Op(inputs),
      m_attributes(attributes) {
    constructor_validate_and_infer_types();
}

void ModulatedDeformConv2d::validate_and_infer_types() {
    ovext::check_input_count(this, 4, 5);
    ovext::check_type(this, 0, "data", {ov::element::f32, ov::element::f16});
    ovext::check_same_type(this, 1, "offset", 0, "data");
    ovext::check_same_type(this, 2, "mask", 0, "data");
    ovext::check_same_type(this, 3, "weight", 0, "data");
    if (get_input_size() > 4) {
        ovext::check_same_type(this, 4, "bias", 0, "data");
    }
    m_attributes.check(this);
    for (const auto* one : {&m_attributes.stride, &m_attributes.padding, &m_attributes.dilation}) {
        NODE_VALIDATION_CHECK(this, one->size() == 2, "stride, padding and dilation have two values, down and right");
    }
    const auto shapes = output_shapes(ovext::input_shapes(this));
    set_output_type(0, get_input_element_type(0), shapes[0]);
}

std::vector<ov::PartialShape> ModulatedDeformConv2d::output_shapes(const std::vector<ov::PartialShape>& inputs) const {
    ovext::Dims dims(this);
    dims.read("data", inputs[0], {"N", "C", "H", "W"});
    dims.read("offset", inputs[1], {"N", "F", "OH", "OW"});
    dims.read("mask", inputs[2], {"N", "K", "OH", "OW"});
    dims.read("weight", inputs[3], {"O", "I", "KH", "KW"});
    if (inputs.size() > 4) {
        dims.read("bias", inputs[4], {"O"});
    }
    dims.require((dims["I"] * m_attributes.groups) == dims["C"],
                 "I * groups == C",
                 {{"C", dims["C"]}, {"I", dims["I"]}, {"groups", m_attributes.groups}});
    dims.require(ovext::floor_mod(dims["O"], m_attributes.groups) == 0,
                 "O % groups == 0",
                 {{"O", dims["O"]}, {"groups", m_attributes.groups}});
    dims.require(ovext::floor_mod(dims["C"], m_attributes.deform_groups) == 0,
                 "C % deform_groups == 0",
                 {{"C", dims["C"]}, {"deform_groups", m_attributes.deform_groups}});
    dims.require(
        dims["K"] == ((m_attributes.deform_groups * dims["KH"]) * dims["KW"]),
        "K == deform_groups * KH * KW",
        {{"K", dims["K"]}, {"KH", dims["KH"]}, {"KW", dims["KW"]}, {"deform_groups", m_attributes.deform_groups}});
    dims.require(dims["F"] == (2 * dims["K"]), "F == 2 * K", {{"F", dims["F"]}, {"K", dims["K"]}});
    return {dims.shape({dims["N"], dims["O"], dims["OH"], dims["OW"]})};
}

std::shared_ptr<ov::Node> ModulatedDeformConv2d::clone_with_new_inputs(const ov::OutputVector& inputs) const {
    check_new_args_count(this, inputs);
    return std::make_shared<ModulatedDeformConv2d>(inputs, m_attributes);
}

bool ModulatedDeformConv2d::visit_attributes(ov::AttributeVisitor& visitor) {
    m_attributes.visit(visitor);
    return true;
}

bool ModulatedDeformConv2d::has_evaluate() const {
    return kernel_for(get_input_element_type(0)) != nullptr;
}

bool ModulatedDeformConv2d::evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const {
    const auto kernel = kernel_for(inputs[0].get_element_type());
    if (kernel == nullptr) {
        return false;
    }
    const Parameters parameters{{m_attributes.stride[0], m_attributes.stride[1]},
                                {m_attributes.padding[0], m_attributes.padding[1]},
                                {m_attributes.dilation[0], m_attributes.dilation[1]},
                                static_cast<std::size_t>(m_attributes.groups),
                                static_cast<std::size_t>(m_attributes.deform_groups)};
    const auto infer = [this](const auto& known) {
        return output_shapes(known);
    };
    const auto shapes = ovext::output_shapes_for(this, inputs, infer);
    outputs[0].set_shape(shapes[0].to_shape());
    const auto sizes = sizes_of(ovext::shapes_of(inputs), ovext::shapes_of(outputs));
    OPENVINO_ASSERT(sizes.H * sizes.W <= std::numeric_limits<std::int32_t>::max(),
                    "ModulatedDeformConv2d: an image of ",
                    sizes.H,
                    " x ",
                    sizes.W,
                    " is too large");
    if (sizes.output_size == 0) {
        return true;
    }
    const std::size_t tiles = sizes.N * ((sizes.OH * sizes.OW + tile - 1) / tile);
    // Each tile does much more than to read and write: it is as much work as copying all its columns several times.
    const std::size_t bytes = tiles * sizes.scratch() * 8;
    const auto* data = inputs[0].data();
    const auto* offset = inputs[1].data();
    const auto* mask = inputs[2].data();
    const auto* weight = inputs[3].data();
    const auto* bias = ovext::data_at(inputs, 4);
    auto* output = outputs[0].data();
    ovext::parallel_rows(tiles, bytes, sizes.scratch(), [=](std::size_t begin, std::size_t end, void* scratch) {
        kernel(data, offset, mask, weight, bias, output, sizes, begin, end, scratch, parameters);
    });
    return true;
}

std::vector<ov::Extension::Ptr> extensions() {
    auto all = conversions();
    all.push_back(std::make_shared<ov::OpExtension<ModulatedDeformConv2d>>());
    return all;
}

}  // namespace modulated_deform_conv2d
