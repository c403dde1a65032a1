// Checks of an op's inputs. A check that fails throws ov::NodeValidationFailure, which names the rule and the value
// that breaks it. For op.cpp only.
#pragma once

#include <openvino/core/node.hpp>
#include <openvino/core/partial_shape.hpp>
#include <ovext/sizes.hpp>

#include <algorithm>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace ovext {

inline void check_input_count(const ov::Node* op, std::size_t count) {
    NODE_VALIDATION_CHECK(
        op, op->get_input_size() == count, "the op takes ", count, " inputs, not ", op->get_input_size());
}

/// For an op with inputs that are optional, or many.
inline void check_input_count(const ov::Node* op, std::size_t least, std::size_t most) {
    const auto count = op->get_input_size();
    NODE_VALIDATION_CHECK(op, count >= least, "the op takes at least ", least, " inputs, not ", count);
    NODE_VALIDATION_CHECK(op, count <= most, "the op takes at most ", most, " inputs, not ", count);
}

/// An input whose type is not known yet passes.
inline void check_type(const ov::Node* op,
                       std::size_t input,
                       const char* name,
                       const std::vector<ov::element::Type>& allowed) {
    const auto type = op->get_input_element_type(input);
    std::string names;
    for (const auto& one : allowed) {
        names += (names.empty() ? "" : " or ") + one.to_string();
    }
    NODE_VALIDATION_CHECK(op,
                          type.is_dynamic() || std::count(allowed.begin(), allowed.end(), type) != 0,
                          "'",
                          name,
                          "' is of type ",
                          names,
                          ", not ",
                          type);
}

inline void check_same_type(
    const ov::Node* op, std::size_t input, const char* name, std::size_t as, const char* as_name) {
    NODE_VALIDATION_CHECK(op,
                          op->get_input_element_type(input).compatible(op->get_input_element_type(as)),
                          "'",
                          name,
                          "' is of the type of '",
                          as_name,
                          "', ",
                          op->get_input_element_type(as),
                          ", not ",
                          op->get_input_element_type(input));
}

inline void check_rank(const ov::Node* op,
                       const char* name,
                       const ov::PartialShape& shape,
                       std::initializer_list<std::int64_t> allowed) {
    std::string ranks;
    for (const auto rank : allowed) {
        ranks += (ranks.empty() ? "" : " or ") + std::to_string(rank);
    }
    const auto fits = [&shape](std::int64_t rank) {
        return shape.rank().compatible(rank);
    };
    NODE_VALIDATION_CHECK(
        op, std::any_of(allowed.begin(), allowed.end(), fits), "'", name, "' has ", ranks, " dimensions, not ", shape);
}

/// The common shape of all of these after numpy's broadcasting.
inline ov::PartialShape broadcast(const ov::Node* op, const std::vector<ov::PartialShape>& shapes) {
    auto result = shapes.at(0);
    for (const auto& shape : shapes) {
        NODE_VALIDATION_CHECK(op,
                              ov::PartialShape::broadcast_merge_into(result, shape, ov::op::AutoBroadcastType::NUMPY),
                              "the inputs do not broadcast: ",
                              shape,
                              " with ",
                              result);
    }
    return result;
}

/// The most dimensions that one of these has.
inline ov::Rank common_rank(const std::vector<ov::PartialShape>& shapes) {
    ov::Rank result = 0;
    for (const auto& shape : shapes) {
        const auto rank = shape.rank();
        if (rank.is_dynamic() || result.is_dynamic()) {
            return ov::Rank::dynamic();
        }
        result = std::max(result.get_length(), rank.get_length());
    }
    return result;
}

/// The shape of an input whose first dimension belongs to `axis` of `rank`, as numpy would broadcast it.
inline ov::PartialShape aligned(
    const ov::Node* op, const char* name, ov::PartialShape shape, std::int64_t axis, const ov::Rank& rank) {
    if (rank.is_dynamic() || shape.rank().is_dynamic()) {
        return ov::PartialShape::dynamic();
    }
    const auto end = axis + static_cast<std::int64_t>(shape.size());
    NODE_VALIDATION_CHECK(op,
                          end <= rank.get_length(),
                          "'",
                          name,
                          "' has ",
                          shape.size(),
                          " dimensions from axis ",
                          axis,
                          " on, of ",
                          rank);
    shape.insert(shape.end(), rank.get_length() - end, 1);
    return shape;
}

/// The names that an op gives to dimensions, and their sizes in a model.
class Dims {
public:
    explicit Dims(const ov::Node* op)
        : m_op(op) {
    }

    /// Match an input's shape with a pattern such as {"N", "C|1", "...", "2"}: names (a size that must be the same
    /// wherever the name occurs), names that may also be 1, numbers, and once "..." for any number of dimensions.
    void read(const char* name, const ov::PartialShape& shape, const std::vector<std::string>& pattern) {
        if (shape.rank().is_dynamic()) {
            return;
        }
        const auto rest = std::find(pattern.begin(), pattern.end(), "...");
        const auto named = pattern.size() - (rest != pattern.end());
        const std::size_t rank = shape.size();
        NODE_VALIDATION_CHECK(m_op,
                              rest == pattern.end() ? rank == named : rank >= named,
                              "'",
                              name,
                              "' has the dimensions ",
                              text(pattern),
                              ", not ",
                              shape);
        const std::size_t before = rest - pattern.begin();
        for (std::size_t i = 0; i < before; ++i) {
            read_one(name, shape[i], pattern[i]);
        }
        for (std::size_t i = before; i < named; ++i) {
            read_one(name, shape[rank - named + i], pattern[i + 1]);
        }
        if (rest != pattern.end()) {
            read_rest(name, {shape.begin() + before, shape.end() - (named - before)});
        }
    }

    Size operator[](const std::string& name) const {
        const auto found = m_sizes.find(name);
        return found == m_sizes.end() ? Size::unknown() : Size(found->second);
    }

    /// A shape of the sizes `before`, then the dimensions that "..." stands for, then `after`.
    ov::PartialShape shape_with_rest(const std::vector<Size>& before, const std::vector<Size>& after) const {
        if (!m_has_rest) {
            return ov::PartialShape::dynamic();
        }
        auto dimensions = dimensions_of(before);
        dimensions.insert(dimensions.end(), m_rest.begin(), m_rest.end());
        const auto last = dimensions_of(after);
        dimensions.insert(dimensions.end(), last.begin(), last.end());
        return ov::PartialShape(dimensions);
    }

    ov::PartialShape shape(const std::vector<Size>& sizes) const {
        return ov::PartialShape(dimensions_of(sizes));
    }

    /// Throws unless the rule holds. `rule` is its text, `used` are the sizes in it.
    void require(bool holds, const char* rule, std::initializer_list<std::pair<const char*, Size>> used) const {
        std::string values;
        for (const auto& [name, size] : used) {
            values += (values.empty() ? "" : ", ") + std::string(name) + " = " + size.text();
        }
        NODE_VALIDATION_CHECK(m_op, holds, rule, " does not hold for ", values);
    }

private:
    static std::string text(const std::vector<std::string>& pattern) {
        std::string result;
        for (const auto& one : pattern) {
            result += (result.empty() ? "" : ", ") + one;
        }
        return result;
    }

    static std::vector<ov::Dimension> dimensions_of(const std::vector<Size>& sizes) {
        std::vector<ov::Dimension> dimensions;
        dimensions.reserve(sizes.size());
        for (const auto& size : sizes) {
            dimensions.push_back(size.dimension());
        }
        return dimensions;
    }

    void read_one(const char* input, const ov::Dimension& size, const std::string& pattern) {
        if (std::all_of(pattern.begin(), pattern.end(), [](char c) {
                return c >= '0' && c <= '9';
            })) {
            NODE_VALIDATION_CHECK(m_op,
                                  size.compatible(std::stoll(pattern)),
                                  "a dimension is ",
                                  pattern,
                                  " and, in '",
                                  input,
                                  "', ",
                                  size);
            return;
        }
        const auto bar = pattern.find('|');
        const auto name = pattern.substr(0, bar);
        // A dimension that may be 1 says nothing about the named size while it can be either.
        if (bar != std::string::npos && size.compatible(1)) {
            return;
        }
        const auto known = m_sizes.emplace(name, size).first;
        NODE_VALIDATION_CHECK(m_op,
                              ov::Dimension::merge(known->second, known->second, size),
                              "the dimension ",
                              name,
                              " is ",
                              known->second,
                              " and, in '",
                              input,
                              "', ",
                              size);
    }

    void read_rest(const char* input, const std::vector<ov::Dimension>& sizes) {
        if (!m_has_rest) {
            m_has_rest = true;
            m_rest = sizes;
            return;
        }
        auto merged = ov::PartialShape(m_rest);
        NODE_VALIDATION_CHECK(m_op,
                              ov::PartialShape::merge_into(merged, sizes),
                              "the dimensions ... are ",
                              ov::PartialShape(m_rest),
                              " and, in '",
                              input,
                              "', ",
                              ov::PartialShape(sizes));
        m_rest.assign(merged.begin(), merged.end());
    }

    const ov::Node* m_op;
    std::map<std::string, ov::Dimension> m_sizes;
    bool m_has_rest = false;
    std::vector<ov::Dimension> m_rest;
};

}  // namespace ovext
