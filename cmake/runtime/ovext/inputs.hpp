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

/// Whether the op knows all shapes, and the tensors have them. It has then checked them against its rules.
inline bool has_shapes_of(const ov::Node* op, const ov::TensorVector& inputs) {
    if (inputs.size() != op->get_input_size()) {
        return false;
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const auto& known = op->get_input_partial_shape(i);
        if (known.is_dynamic() || known.get_shape() != inputs[i].get_shape()) {
            return false;
        }
    }
    for (std::size_t i = 0; i < op->get_output_size(); ++i) {
        if (op->get_output_partial_shape(i).is_dynamic()) {
            return false;
        }
    }
    return true;
}

/// The shapes of the outputs for these inputs. Calls infer(shapes of the inputs) unless the op knows them.
template <typename Infer>
std::vector<ov::PartialShape> output_shapes_for(const ov::Node* op,
                                                const ov::TensorVector& inputs,
                                                const Infer& infer) {
    std::vector<ov::PartialShape> shapes;
    if (!has_shapes_of(op, inputs)) {
        for (const auto& one : inputs) {
            shapes.emplace_back(one.get_shape());
        }
        return infer(shapes);
    }
    shapes.reserve(op->get_output_size());
    for (std::size_t i = 0; i < op->get_output_size(); ++i) {
        shapes.push_back(op->get_output_partial_shape(i));
    }
    return shapes;
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
