// The ops that a library provides, for tools: for SOURCES, no description lists them.
#include <openvino/core/extension.hpp>
#include <openvino/core/op_extension.hpp>

#include <string>
#include <vector>

extern "C" void create_extensions(std::vector<ov::Extension::Ptr>& extensions);

/// Returns one line "type opset" for each op. create_extensions() must be able to run on this CPU.
extern "C" [[gnu::visibility("default")]] const char* ovext_ops() {
    static const std::string lines = [] {
        std::string text;
        std::vector<ov::Extension::Ptr> extensions;
        create_extensions(extensions);
        for (const auto& extension : extensions) {
            if (const auto* op = dynamic_cast<const ov::BaseOpExtension*>(extension.get())) {
                const auto& type = op->get_type_info();
                text += std::string(type.name) + " " + (type.version_id ? type.version_id : "") + "\n";
            }
        }
        return text;
    }();
    return lines.c_str();
}
