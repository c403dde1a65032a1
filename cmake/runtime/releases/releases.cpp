// A library for several releases of OpenVINO. It has a build for each inside, the payloads, and no symbol of OpenVINO.
// It finds out which OpenVINO the process has loaded, loads the payload for that, and passes calls on to it.
#include "payloads.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

// Before glibc 2.34, these were in libdl and had these versions, which later ones still have.
__asm__(
    ".symver dlopen, dlopen@GLIBC_2.2.5\n"
    ".symver dlsym, dlsym@GLIBC_2.2.5\n"
    ".symver dlerror, dlerror@GLIBC_2.2.5\n");

namespace {

using ovext::Payload;

constexpr const char* library_prefix = "libopenvino.so.";
// A function that each release has, as an argument of std::string names it in the new C++ ABI.
constexpr const char* of_new_abi = "_ZN2ov4Core13add_extensionERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE";
constexpr unsigned close_on_exec = 1;
constexpr unsigned may_be_executed = 0x10;  // MFD_EXEC, for kernels that know it

[[noreturn]] void fail(const std::string& text) {
    throw std::runtime_error(ovext::library_name + (" " + text));
}

/// The OpenVINO of this process.
struct Runtime {
    std::string path;
    std::string soname;
    bool new_abi;

    /// The release, which its soname has without dots.
    std::string release() const {
        const std::string digits = soname.substr(std::strlen(library_prefix));
        return digits.size() < 4 ? digits : "20" + digits.substr(0, 2) + "." + digits[2] + "." + digits.substr(3);
    }

    std::string text() const {
        return release() + " (" + soname + (new_abi ? "" : ", old C++ ABI") + ")";
    }
};

std::string file_name(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

std::vector<std::string> loaded_openvinos() {
    std::vector<std::string> paths;
    const auto add_if_openvino = [](dl_phdr_info* info, std::size_t, void* found) {
        if (file_name(info->dlpi_name).rfind(library_prefix, 0) == 0) {
            static_cast<std::vector<std::string>*>(found)->emplace_back(info->dlpi_name);
        }
        return 0;
    };
    dl_iterate_phdr(add_if_openvino, &paths);
    return paths;
}

std::string releases_inside() {
    std::string text;
    for (std::size_t i = 0; i < ovext::payload_count; ++i) {
        const auto& one = ovext::payloads[i];
        text += (i == 0 ? "" : i + 1 == ovext::payload_count ? " and " : ", ") + std::string(one.release);
        text += one.new_abi ? "" : " (old C++ ABI)";
    }
    return text;
}

Runtime runtime_of_process() {
    const auto paths = loaded_openvinos();
    const std::string built = "is built for OpenVINO " + releases_inside();
    if (paths.empty()) {
        fail(built + "; this process has loaded no libopenvino.so");
    }
    if (paths.size() > 1) {
        fail(built + "; this process has loaded two OpenVINOs: " + paths[0] + " and " + paths[1]);
    }
    void* handle = dlopen(paths[0].c_str(), RTLD_LAZY | RTLD_NOLOAD);
    const bool new_abi = handle != nullptr && dlsym(handle, of_new_abi) != nullptr;
    return {paths[0], file_name(paths[0]), new_abi};
}

const Payload& payload_for(const Runtime& runtime) {
    for (std::size_t i = 0; i < ovext::payload_count; ++i) {
        const auto& one = ovext::payloads[i];
        if (runtime.soname == one.soname && runtime.new_abi == one.new_abi) {
            return one;
        }
    }
    fail("is built for OpenVINO " + releases_inside() + "; this process has " + runtime.text() +
         ". Build it with `ovext build --openvino " + runtime.release() + "`, or install one of these releases");
}

bool write_all(int file, const Payload& payload) {
    for (const auto* next = payload.begin; next != payload.end;) {
        const auto written = write(file, next, static_cast<std::size_t>(payload.end - next));
        if (written < 0 && errno != EINTR) {
            return false;
        }
        next += written > 0 ? written : 0;
    }
    return true;
}

/// Loads the payload from memory; nullptr where the system forbids that, or where the payload does not load.
void* load_from_memory(const Payload& payload) {
    const std::string name = std::string(ovext::file_name) + "-openvino-" + payload.release;
    auto file = static_cast<int>(syscall(SYS_memfd_create, name.c_str(), close_on_exec | may_be_executed));
    if (file < 0 && errno == EINVAL) {
        file = static_cast<int>(syscall(SYS_memfd_create, name.c_str(), close_on_exec));
    }
    if (file < 0) {
        return nullptr;
    }
    // Never closed after success: the loader takes a library of the same path for the same library, and a later file
    // could get this number.
    const std::string path = "/proc/self/fd/" + std::to_string(file);
    void* handle = write_all(file, payload) ? dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
    if (handle == nullptr) {
        close(file);
    }
    return handle;
}

/// Loads the payload from a file that only this user can reach, and removes the file.
void* load_from_file(const Payload& payload, std::string& why) {
    const char* temporary = std::getenv("TMPDIR");
    std::string folder = std::string(temporary != nullptr && *temporary == '/' ? temporary : "/tmp") + "/ovext-XXXXXX";
    if (mkdtemp(folder.data()) == nullptr) {
        why = folder + ": " + std::strerror(errno);
        return nullptr;
    }
    const std::string path = folder + "/" + ovext::file_name + "-openvino-" + payload.release + ".so";
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IXUSR);
    const bool is_written = file >= 0 && write_all(file, payload);
    why = is_written ? "" : path + ": " + std::strerror(errno);
    if (file >= 0) {
        close(file);
    }
    void* handle = is_written ? dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
    if (is_written && handle == nullptr) {
        why = dlerror();
    }
    unlink(path.c_str());
    rmdir(folder.c_str());
    return handle;
}

struct Loaded {
    const Payload& payload;
    void* handle;

    template <typename Function>
    Function* find(const char* name) const {
        return reinterpret_cast<Function*>(dlsym(handle, name));
    }
};

Loaded load() {
    const auto& payload = payload_for(runtime_of_process());
    std::string why;
    void* handle = load_from_memory(payload);
    if (handle == nullptr) {
        handle = load_from_file(payload, why);
    }
    if (handle == nullptr) {
        fail(std::string("cannot load its build for OpenVINO ") + payload.release + ": " + why);
    }
    return {payload, handle};
}

/// Loaded once, at the first call; after a failure, the next call tries again.
const Loaded& loaded() {
    static const Loaded once = load();
    return once;
}

}  // namespace

extern "C" {

/// For ov::Core::add_extension(). `extensions` is a std::vector of OpenVINO's pointers, which only the payload knows.
[[gnu::visibility("default")]] void create_extensions(void* extensions) {
    loaded().find<void(void*)>("create_extensions")(extensions);
}

/// The variant in use; nullptr without one.
[[gnu::visibility("default")]] const char* ovext_active_isa() {
    try {
        return loaded().find<const char*()>("ovext_active_isa")();
    } catch (const std::exception&) {
        return nullptr;
    }
}

/// One line "type opset" for each op; nullptr where the payload does not say.
[[gnu::visibility("default")]] const char* ovext_ops() {
    auto* function = loaded().find<const char*()>("ovext_ops");
    return function == nullptr ? nullptr : function();
}

/// The release whose build is in use, such as 2026.4.1; nullptr without one.
[[gnu::visibility("default")]] const char* ovext_active_openvino() {
    try {
        return loaded().payload.release;
    } catch (const std::exception&) {
        return nullptr;
    }
}
}
