// Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead.
#pragma once

#include <openvino/core/node.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace snake {

/// Snake has no attributes.
struct Attributes {
    void visit(ov::AttributeVisitor&) {}
    void check(const ov::Node*) const {}
};

}  // namespace snake
