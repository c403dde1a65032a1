// Lets OpenVINO load an extension library, and lists the ops that it brings.
#include <dlfcn.h>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <openvino/core/op_extension.hpp>
#include <openvino/openvino.hpp>

namespace {

// The library is loaded already; this only finds it again.
std::vector<ov::Extension::Ptr> extensions_of(const char* library) {
    std::vector<ov::Extension::Ptr> extensions;
    void* const handle = dlopen(library, RTLD_NOW | RTLD_NOLOAD);
    using Create = void (*)(std::vector<ov::Extension::Ptr>&);
    if (const auto create = handle ? reinterpret_cast<Create>(dlsym(handle, "create_extensions")) : nullptr) {
        create(extensions);
    }
    return extensions;
}

}  // namespace

int main() {
    ov::Core core;
    core.add_extension(std::string{EXTENSION});
    int ops = 0;
    for (const auto& extension : extensions_of(EXTENSION)) {
        if (const auto op = std::dynamic_pointer_cast<ov::BaseOpExtension>(extension)) {
            const auto& type = op->get_type_info();
            std::cout << type.name << " (" << type.version_id << ") in OpenVINO "
                      << ov::get_openvino_version().buildNumber << '\n';
            ++ops;
        }
    }
    return ops > 0 ? 0 : 1;
}
