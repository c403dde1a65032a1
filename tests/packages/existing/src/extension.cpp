#include <openvino/frontend/node_context.hpp>
#include <openvino/frontend/onnx/extension/conversion.hpp>

#include "ordered.hpp"
#include "registry.hpp"

std::map<std::string, Make>& registry() {
    static std::map<std::string, Make> entries;
    return entries;
}

namespace {

ov::OutputVector ordered_from_onnx(const ov::frontend::NodeContext& node) {
    return std::make_shared<Ordered>(node.get_input(0))->outputs();
}

const Registered registered("conversion", [] {
    return std::make_shared<ov::frontend::onnx::ConversionExtension>("Ascending", "my.domain", ordered_from_onnx);
});

std::vector<ov::Extension::Ptr> all() {
    std::vector<ov::Extension::Ptr> extensions;
    for (const auto& [name, make] : registry()) {
        extensions.push_back(make());
    }
    return extensions;
}

}  // namespace

OPENVINO_CREATE_EXTENSIONS(all());
