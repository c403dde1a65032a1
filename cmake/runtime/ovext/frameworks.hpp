// Reads the attributes of an op from models of frameworks. For op.cpp only.
#pragma once

#include <openvino/core/enum_names.hpp>
#include <openvino/core/partial_shape.hpp>
#include <openvino/frontend/node_context.hpp>
#include <openvino/frontend/tensorflow/special_types.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace ovext {
namespace detail {

/// Whether the integer type T can hold this value.
template <typename T, typename Number>
bool has_value(Number value) {
    using Limits = std::numeric_limits<T>;
    if constexpr (std::is_floating_point_v<Number>) {
        // Powers of two, which are exact. Values whose cast would be undefined behaviour are refused first.
        const double past_end = std::ldexp(1.0, Limits::digits);
        const double begin = std::is_signed_v<T> ? -past_end : 0.0;
        return value >= begin && value < past_end && static_cast<Number>(static_cast<T>(value)) == value;
    } else if constexpr (std::is_unsigned_v<T>) {
        const auto wide = static_cast<std::int64_t>(value);
        return wide >= 0 && static_cast<std::uint64_t>(wide) <= Limits::max();
    } else {
        const auto wide = static_cast<std::int64_t>(value);
        return wide >= Limits::min() && wide <= Limits::max();
    }
}

template <typename T, typename Number>
T narrowed(Number value) {
    if constexpr (std::is_same_v<T, bool>) {
        return value != Number{};
    } else if constexpr (std::is_integral_v<T>) {
        OPENVINO_ASSERT(has_value<T>(value), value, " does not fit its type");
    }
    return static_cast<T>(value);
}

template <typename From, typename T>
bool take_number(const ov::Any& any, T& member) {
    if (!any.is<From>()) {
        return false;
    }
    member = narrowed<T>(any.as<From>());
    return true;
}

template <typename From, typename T>
bool take_list(const ov::Any& any, std::vector<T>& member) {
    if (!any.is<std::vector<From>>()) {
        return false;
    }
    member.clear();
    for (const auto& one : any.as<std::vector<From>>()) {
        member.push_back(narrowed<T>(one));
    }
    return true;
}

// Returns whether `any` can be converted to the member's type; if so, sets the member.

inline bool take(const ov::Any& any, std::string& member) {
    if (any.is<std::string>()) {
        member = any.as<std::string>();
        return true;
    }
    // This is how strings of a model from torch.export arrive.
    if (any.is<std::vector<std::uint8_t>>()) {
        const auto& bytes = any.as<std::vector<std::uint8_t>>();
        member.assign(bytes.begin(), bytes.end());
        return true;
    }
    return false;
}

template <typename T>
bool take(const ov::Any& any, T& member) {
    if constexpr (std::is_enum_v<T>) {
        std::string name;
        if (!take(any, name)) {
            return false;
        }
        member = ov::as_enum<T>(name);
        return true;
    } else {
        return take_number<bool>(any, member) || take_number<std::int64_t>(any, member) ||
               take_number<std::int32_t>(any, member) || take_number<float>(any, member) ||
               take_number<double>(any, member);
    }
}

template <typename T>
bool take(const ov::Any& any, std::vector<T>& member) {
    // TensorFlow does not say what type the elements of an empty list have.
    if (any.is<ov::frontend::tensorflow::EmptyList>()) {
        member.clear();
        return true;
    }
    if constexpr (std::is_same_v<T, std::string>) {
        if (any.is<std::vector<std::string>>()) {
            member = any.as<std::vector<std::string>>();
            return true;
        }
        return false;
    } else {
        return take_list<std::int64_t>(any, member) || take_list<std::int32_t>(any, member) ||
               take_list<float>(any, member) || take_list<double>(any, member);
    }
}

inline bool take(const ov::Any& any, ov::element::Type& member) {
    std::string name;
    if (take(any, name)) {
        member = ov::element::Type(name);
        return true;
    }
    if (any.is<ov::element::Type>()) {
        member = any.as<ov::element::Type>();
        return true;
    }
    return false;
}

inline bool take(const ov::Any& any, ov::PartialShape& member) {
    std::vector<ov::Dimension::value_type> sizes;
    if (take(any, sizes)) {
        member = ov::PartialShape(std::vector<ov::Dimension>(sizes.begin(), sizes.end()));
        return true;
    }
    if (any.is<ov::PartialShape>()) {
        member = any.as<ov::PartialShape>();
        return true;
    }
    return false;
}

inline bool take(const ov::Any& any, ov::Shape& member) {
    ov::PartialShape shape;
    if (!take(any, shape)) {
        return false;
    }
    member = shape.to_shape();
    return true;
}

}  // namespace detail

/// The attributes of one node of a framework's model. Frameworks write booleans as numbers, lists in one width and so
/// on; each attribute is converted to the type of the op's member.
class ModelAttributes {
public:
    explicit ModelAttributes(const ov::frontend::NodeContext& node)
        : m_node(node) {
    }

    /// Leaves the member unchanged if the model does not have the attribute.
    template <typename T>
    void read(const std::string& name, T& member) const {
        const auto any = m_node.get_attribute_as_any(name);
        if constexpr (std::is_same_v<T, ov::element::Type>) {
            // ONNX numbers element types its own way, which only the front end knows.
            if (any.is<std::int64_t>()) {
                member = m_node.get_attribute<ov::element::Type>(name);
                return;
            }
        }
        if (!any.empty()) {
            set("the attribute '" + name + "'", any, member);
        }
    }

    /// Throws if the model does not have the attribute.
    template <typename T>
    void require(const std::string& name, T& member) const {
        OPENVINO_ASSERT(!m_node.get_attribute_as_any(name).empty(),
                        m_node.get_op_type(),
                        ": the attribute '",
                        name,
                        "' is missing, and has no default");
        read(name, member);
    }

    /// Like read(), for an attribute that is an argument, as in PyTorch: if missing or None, the member is unchanged.
    template <typename T>
    void read_argument(int number, T& member) const {
        if (!has_argument(number)) {
            return;
        }
        const auto any =
            is_empty_list(number) ? ov::Any(std::vector<std::int64_t>{}) : m_node.get_values_from_const_input(number);
        set("argument " + std::to_string(number), any, member);
    }

    template <typename T>
    void require_argument(int number, T& member) const {
        OPENVINO_ASSERT(
            has_argument(number), m_node.get_op_type(), ": argument ", number, " is missing, and has no default");
        read_argument(number, member);
    }

    /// All inputs, of which there may be `count`. Those from number `required` on may be missing at the end.
    ov::OutputVector inputs(std::size_t count, std::size_t required) const {
        for (std::size_t i = count; i < m_node.get_input_size(); ++i) {
            OPENVINO_ASSERT(
                is_absent(i), m_node.get_op_type(), " takes ", count, " inputs, not ", m_node.get_input_size());
        }
        return first_inputs(count, required);
    }

    ov::OutputVector inputs(std::size_t count) const {
        return inputs(count, count);
    }

    /// The first `count` inputs, behind which PyTorch has attributes. Those from number `required` on may be None.
    ov::OutputVector first_inputs(std::size_t count, std::size_t required) const {
        OPENVINO_ASSERT(m_node.get_input_size() >= required,
                        m_node.get_op_type(),
                        " takes ",
                        count,
                        " inputs, not ",
                        m_node.get_input_size());
        ov::OutputVector result;
        for (std::size_t i = 0; i < std::min(count, m_node.get_input_size()); ++i) {
            if (is_absent(i)) {
                OPENVINO_ASSERT(i >= required, m_node.get_op_type(), ": input ", i, " is missing");
                continue;
            }
            OPENVINO_ASSERT(i == result.size(),
                            m_node.get_op_type(),
                            ": input ",
                            i,
                            " is there, and one before it is not: OpenVINO has no such inputs");
            result.push_back(m_node.get_input(static_cast<int>(i)));
        }
        return result;
    }

    ov::OutputVector first_inputs(std::size_t count) const {
        return first_inputs(count, count);
    }

    /// The first inputs, and all those from number `first` on. In PyTorch, these are one list.
    ov::OutputVector inputs_with_many(std::size_t first) const {
        auto result = first_inputs(first);
        if (m_node.get_input_size() == first) {
            return result;
        }
        const auto list = m_node.get_input(static_cast<int>(first)).get_node_shared_ptr();
        if (is_list(list)) {
            for (const auto& one : list->input_values()) {
                result.push_back(one);
            }
            return result;
        }
        for (std::size_t i = first; i < m_node.get_input_size(); ++i) {
            result.push_back(m_node.get_input(static_cast<int>(i)));
        }
        return result;
    }

    /// The inputs of these names, as PaddlePaddle has them. Those from number `required` on may be missing, or be many.
    ov::OutputVector inputs(const std::vector<std::string>& names, std::size_t required) const {
        ov::OutputVector result;
        std::string missing;
        for (std::size_t i = 0; i < names.size(); ++i) {
            const auto count = count_of(names[i]);
            OPENVINO_ASSERT(
                i >= required || count == 1, m_node.get_op_type(), ": '", names[i], "' is ", count, " inputs, not one");
            if (count == 0) {
                missing = names[i];
                continue;
            }
            OPENVINO_ASSERT(missing.empty(),
                            m_node.get_op_type(),
                            ": '",
                            names[i],
                            "' is there, and '",
                            missing,
                            "' before it is not: OpenVINO has no such inputs");
            for (std::size_t number = 0; number < count; ++number) {
                result.push_back(m_node.get_input(names[i], static_cast<int>(number)));
            }
        }
        return result;
    }

private:
    /// How many inputs of that name the model has. PaddlePaddle's front end throws for none.
    std::size_t count_of(const std::string& name) const {
        try {
            return m_node.get_input_size(name);
        } catch (const std::out_of_range&) {
            return 0;
        }
    }

    /// Whether the model leaves the input out: None in PyTorch, an empty name in ONNX.
    bool is_absent(std::size_t number) const {
        return m_node.input_is_none(number) ||
               m_node.get_input(static_cast<int>(number)).get_node()->get_type_info().name == std::string("NullNode");
    }

    static bool is_list(const std::shared_ptr<ov::Node>& node) {
        return node->get_type_info().name == std::string("SequenceMark");
    }

    bool has_argument(int number) const {
        const auto index = static_cast<std::size_t>(number);
        return index < m_node.get_input_size() && !m_node.input_is_none(index);
    }

    /// PyTorch's front end cannot make a constant of a list without elements.
    bool is_empty_list(int number) const {
        const auto node = m_node.get_input(number).get_node_shared_ptr();
        return is_list(node) && node->get_input_size() == 0;
    }

    template <typename T>
    void set(const std::string& what, const ov::Any& any, T& member) const {
        OPENVINO_ASSERT(detail::take(any, member),
                        m_node.get_op_type(),
                        ": ",
                        what,
                        " is of a type (",
                        any.type_info().name(),
                        ") that the op's attribute cannot be made of");
    }

    const ov::frontend::NodeContext& m_node;
};

}  // namespace ovext
