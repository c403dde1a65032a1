// Lets OpenVINO load each library of the package, and lists the ops that they provide.
#include <dlfcn.h>

#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <openvino/core/op_extension.hpp>
#include <openvino/openvino.hpp>

namespace {

// The library is already loaded; this only finds it again.
std::vector<ov::Extension::Ptr> extensions_of(const char* library) {
    std::vector<ov::Extension::Ptr> extensions;
    void* const handle = dlopen(library, RTLD_NOW | RTLD_NOLOAD);
    using Create = void (*)(std::vector<ov::Extension::Ptr>&);
    if (const auto create = handle ? reinterpret_cast<Create>(dlsym(handle, "create_extensions")) : nullptr) {
        create(extensions);
    }
    return extensions;
}

// The number of ops that the library provides.
int load(ov::Core& core, const std::string& library) {
    core.add_extension(library);
    int ops = 0;
    for (const auto& extension : extensions_of(library.c_str())) {
        if (const auto op = std::dynamic_pointer_cast<ov::BaseOpExtension>(extension)) {
            const auto& type = op->get_type_info();
            std::cout << type.name << " (" << type.version_id << ") in OpenVINO "
                      << ov::get_openvino_version().buildNumber << '\n';
            ++ops;
        }
    }
    return ops;
}

}  // namespace

int main() {
    ov::Core core;
    std::istringstream libraries{LIBRARIES};
    for (std::string library; std::getline(libraries, library, ':');) {
        if (load(core, library) == 0) {
            std::cerr << library << " brings no op\n";
            return 1;
        }
    }
    return 0;
}
