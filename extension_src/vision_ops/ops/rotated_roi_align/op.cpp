#include "ops/rotated_roi_align/op.hpp"

#include <openvino/core/op_extension.hpp>
#include <ovext/checks.hpp>
#include <ovext/elements.hpp>
#include <ovext/inputs.hpp>
#include <ovext/parallel.hpp>

#include <cmath>

#include "ops/rotated_roi_align/frameworks.hpp"
#include "ops/rotated_roi_align/kernel.hpp"

namespace rotated_roi_align {
namespace {

using Kernel = decltype(&run<ovext::f32, ovext::f32, ovext::f32>);

/// The kernel for inputs of these types; nullptr where there is none.
Kernel kernel_for(const ov::element::Type& data, const ov::element::Type& rois) {
    if (data == ov::element::f32 && rois == ov::element::f32) {
        return run<ovext::f32, ovext::f32, ovext::f32>;
    }
    if (data == ov::element::f16 && rois == ov::element::f32) {
        return run<ovext::f16, ovext::f32, ovext::f16>;
    }
    return nullptr;
}

/// The kernel reads the images that these name, as many samples as the boxes are large.
void check_images(const ov::Tensor& rois, std::size_t images, float scale) {
    constexpr float largest = 16384;
    const auto* values = rois.data<float>();
    for (std::size_t number = 0; number < rois.get_shape()[0]; ++number) {
        const auto* roi = values + number * 6;
        OPENVINO_ASSERT(roi[0] >= 0 && roi[0] < static_cast<float>(images),
                        "RotatedRoIAlign: box ",
                        number,
                        " is in image ",
                        roi[0],
                        " of ",
                        images);
        const float width = roi[3] * scale;
        const float height = roi[4] * scale;
        OPENVINO_ASSERT(width < largest && height < largest && std::isfinite(width) && std::isfinite(height),
                        "RotatedRoIAlign: box ",
                        number,
                        " is ",
                        width,
                        " x ",
                        height,
                        " pixels large, which is too much");
    }
}

}  // namespace

RotatedRoIAlign::RotatedRoIAlign(const ov::OutputVector& inputs, const Attributes& attributes)
    : Op(inputs),
      m_attributes(attributes) {
    constructor_validate_and_infer_types();
}

void RotatedRoIAlign::validate_and_infer_types() {
    ovext::check_input_count(this, 2);
    ovext::check_type(this, 0, "data", {ov::element::f32, ov::element::f16});
    ovext::check_type(this, 1, "rois", {ov::element::f32});
    m_attributes.check(this);
    const auto shapes = output_shapes(ovext::input_shapes(this));
    set_output_type(0, get_input_element_type(0), shapes[0]);
}

std::vector<ov::PartialShape> RotatedRoIAlign::output_shapes(const std::vector<ov::PartialShape>& inputs) const {
    ovext::Dims dims(this);
    dims.read("data", inputs[0], {"N", "C", "H", "W"});
    dims.read("rois", inputs[1], {"R", "6"});
    return {dims.shape({dims["R"], dims["C"], m_attributes.output_height, m_attributes.output_width})};
}

std::shared_ptr<ov::Node> RotatedRoIAlign::clone_with_new_inputs(const ov::OutputVector& inputs) const {
    check_new_args_count(this, inputs);
    return std::make_shared<RotatedRoIAlign>(inputs, m_attributes);
}

bool RotatedRoIAlign::visit_attributes(ov::AttributeVisitor& visitor) {
    m_attributes.visit(visitor);
    return true;
}

bool RotatedRoIAlign::has_evaluate() const {
    return kernel_for(get_input_element_type(0), get_input_element_type(1)) != nullptr;
}

bool RotatedRoIAlign::evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const {
    const auto kernel = kernel_for(inputs[0].get_element_type(), inputs[1].get_element_type());
    if (kernel == nullptr) {
        return false;
    }
    const Parameters parameters{m_attributes.output_height,
                                m_attributes.output_width,
                                m_attributes.spatial_scale,
                                m_attributes.sampling_ratio,
                                m_attributes.aligned,
                                m_attributes.clockwise};
    const auto infer = [this](const auto& known) {
        return output_shapes(known);
    };
    const auto shapes = ovext::output_shapes_for(this, inputs, infer);
    outputs[0].set_shape(shapes[0].to_shape());
    const auto sizes = sizes_of(ovext::shapes_of(inputs), ovext::shapes_of(outputs));
    check_images(inputs[1], sizes.N, m_attributes.spatial_scale);
    const auto bytes = ovext::byte_size(inputs) + ovext::byte_size(outputs);
    const auto* data = inputs[0].data();
    const auto* rois = inputs[1].data();
    auto* output = outputs[0].data();
    ovext::parallel_rows(sizes.rows(), bytes, sizes.scratch(), [=](std::size_t begin, std::size_t end, void* scratch) {
        kernel(data, rois, output, sizes, begin, end, scratch, parameters);
    });
    return true;
}

std::vector<ov::Extension::Ptr> extensions() {
    auto all = conversions();
    all.push_back(std::make_shared<ov::OpExtension<RotatedRoIAlign>>());
    return all;
}

}  // namespace rotated_roi_align
