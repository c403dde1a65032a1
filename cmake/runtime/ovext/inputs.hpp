// The inputs of an op as its kernel gets them. For op.cpp only.
#pragma once

#include <openvino/core/node.hpp>
#include <openvino/runtime/tensor.hpp>
#include <ovext/tensors.hpp>

#include <cstddef>
#include <vector>

namespace ovext {

inline std::vector<ov::PartialShape> input_shapes(const ov::Node* op) {
    std::vector<ov::PartialShape> shapes;
    shapes.reserve(op->get_input_size());
    for (std::size_t i = 0; i < op->get_input_size(); ++i) {
        shapes.push_back(op->get_input_partial_shape(i));
    }
    return shapes;
}

inline std::vector<ov::Shape> shapes_of(const ov::TensorVector& tensors) {
    std::vector<ov::Shape> shapes;
    shapes.reserve(tensors.size());
    for (const auto& one : tensors) {
        shapes.push_back(one.get_shape());
    }
    return shapes;
}

/// The same, as output_shapes() takes them.
inline std::vector<ov::PartialShape> partial_shapes_of(const ov::TensorVector& tensors) {
    const auto shapes = shapes_of(tensors);
    return {shapes.begin(), shapes.end()};
}

/// The elements of an optional input; nullptr where the model has none.
inline const void* data_at(const ov::TensorVector& inputs, std::size_t number) {
    return number < inputs.size() ? inputs[number].data() : nullptr;
}

inline std::size_t size_at(const ov::TensorVector& inputs, std::size_t number) {
    return number < inputs.size() ? inputs[number].get_size() : 0;
}

/// The tensors of the last input, which starts at number `first`.
class ManyTensors {
public:
    ManyTensors(const ov::TensorVector& inputs, std::size_t first) {
        for (std::size_t i = first; i < inputs.size(); ++i) {
            m_data.push_back(inputs[i].data());
            m_sizes.push_back(inputs[i].get_size());
        }
    }

    /// Valid as long as this object is.
    Tensors tensors() const {
        return {m_data.data(), m_sizes.data(), m_data.size()};
    }

private:
    std::vector<const void*> m_data;
    std::vector<std::size_t> m_sizes;
};

}  // namespace ovext
