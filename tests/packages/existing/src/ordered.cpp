#include "ordered.hpp"

#include <openvino/core/op_extension.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include "registry.hpp"

namespace {

const Registered registered("Ordered", [] {
    return std::make_shared<ov::OpExtension<Ordered>>();
});

/// Buffers that a thread keeps between calls.
template <typename T>
class Scratch {
public:
    std::vector<T>& of_size(std::size_t size) {
        m_values.resize(size);
        return m_values;
    }

private:
    std::vector<T> m_values;
};

thread_local Scratch<float> scratch;

class NotANumber : public std::runtime_error {
public:
    explicit NotANumber(std::size_t place)
        : std::runtime_error("element " + std::to_string(place) + " is not a number") {
    }
};

template <typename Iterator>
void check(Iterator begin, Iterator end) {
    const auto found = std::find_if(begin, end, [](float value) {
        return std::isnan(value);
    });
    if (found != end) {
        throw NotANumber(std::distance(begin, found));
    }
}

}  // namespace

Ordered::Ordered(const ov::Output<ov::Node>& data)
    : Op({data}) {
    constructor_validate_and_infer_types();
}

void Ordered::validate_and_infer_types() {
    NODE_VALIDATION_CHECK(this, get_input_size() == 1, "it takes one input");
    NODE_VALIDATION_CHECK(this, get_input_element_type(0).compatible(ov::element::f32), "it takes f32");
    set_output_type(0, get_input_element_type(0), get_input_partial_shape(0));
}

std::shared_ptr<ov::Node> Ordered::clone_with_new_inputs(const ov::OutputVector& inputs) const {
    return std::make_shared<Ordered>(inputs.at(0));
}

bool Ordered::has_evaluate() const {
    return get_input_element_type(0) == ov::element::f32;
}

bool Ordered::evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const {
    const auto* data = inputs[0].data<const float>();
    const std::size_t size = inputs[0].get_size();
    auto& values = scratch.of_size(size);
    std::copy(data, data + size, values.begin());
    try {
        check(values.begin(), values.end());
    } catch (const NotANumber& problem) {
        OPENVINO_THROW("Ordered: ", problem.what());
    }
    std::sort(values.begin(), values.end());
    outputs[0].set_shape(inputs[0].get_shape());
    std::copy(values.begin(), values.end(), outputs[0].data<float>());
    return true;
}
