// A library for several releases of OpenVINO. It has a build for each inside or beside it, the payloads, and no symbol
// of OpenVINO.
// It finds out which OpenVINO the process has loaded, loads the payload for that, and passes calls on to it.
#include "payloads.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
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
    ".symver dladdr, dladdr@GLIBC_2.2.5\n"
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
    bool new_abi = false;

    /// The release, which its soname has without dots.
    std::string release() const {
        const std::string digits = soname.substr(std::strlen(library_prefix));
        return "20" + digits.substr(0, 2) + "." + digits[2] + "." + digits.substr(3);
    }

    std::string text() const {
        return release() + " (" + soname + (new_abi ? "" : ", old C++ ABI") + ")";
    }
};

/// The soname of a loaded library; empty without one. It may have been opened by another name.
std::string soname_of(const dl_phdr_info& library) {
    for (int i = 0; i < library.dlpi_phnum; ++i) {
        if (library.dlpi_phdr[i].p_type != PT_DYNAMIC) {
            continue;
        }
        // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader's tables have addresses
        const auto* entry = reinterpret_cast<const ElfW(Dyn)*>(library.dlpi_addr + library.dlpi_phdr[i].p_vaddr);
        ElfW(Addr) names = 0;
        ElfW(Xword) offset = 0;
        for (; entry->d_tag != DT_NULL; ++entry) {
            names = entry->d_tag == DT_STRTAB ? entry->d_un.d_ptr : names;
            offset = entry->d_tag == DT_SONAME ? entry->d_un.d_val : offset;
        }
        if (names == 0 || offset == 0) {
            return {};
        }
        names += names < library.dlpi_addr ? library.dlpi_addr : 0;  // the loader has made it an address, or not
        // NOLINTNEXTLINE(performance-no-int-to-ptr)
        return reinterpret_cast<const char*>(names + offset);
    }
    return {};
}

bool is_openvino(const std::string& soname) {
    const auto digits = std::strlen(library_prefix);
    return soname.rfind(library_prefix, 0) == 0 && soname.size() >= digits + 4 &&
           soname.find_first_not_of("0123456789", digits) == std::string::npos;
}

std::vector<Runtime> loaded_openvinos() {
    std::vector<Runtime> found;
    const auto add_if_openvino = [](dl_phdr_info* info, std::size_t, void* all) {
        const auto soname = soname_of(*info);
        if (is_openvino(soname)) {
            static_cast<std::vector<Runtime>*>(all)->push_back({info->dlpi_name, soname});
        }
        return 0;
    };
    dl_iterate_phdr(add_if_openvino, &found);
    return found;
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
    auto found = loaded_openvinos();
    const std::string built = "is built for OpenVINO " + releases_inside();
    if (found.empty()) {
        fail(built + "; this process has loaded no libopenvino.so");
    }
    if (found.size() > 1) {
        fail(built + "; this process has loaded two OpenVINOs: " + found[0].path + " and " + found[1].path);
    }
    void* handle = dlopen(found[0].path.c_str(), RTLD_LAZY | RTLD_NOLOAD);
    if (handle == nullptr) {
        fail(built + "; the one of this process cannot be asked for its C++ ABI: " + dlerror());
    }
    found[0].new_abi = dlsym(handle, of_new_abi) != nullptr;
    return found[0];
}

const Payload& payload_for(const Runtime& runtime) {
    bool has_other_abi = false;
    for (std::size_t i = 0; i < ovext::payload_count; ++i) {
        const auto& one = ovext::payloads[i];
        if (runtime.soname == one.soname && runtime.new_abi == one.new_abi) {
            return one;
        }
        has_other_abi = has_other_abi || runtime.soname == one.soname;
    }
    const std::string way_out = has_other_abi ? "Build it for this OpenVINO's C++ ABI: let OpenVINO_DIR name it"
                                              : "Build it with `ovext build --openvino " + runtime.release() + "`";
    fail("is built for OpenVINO " + releases_inside() + "; this process has " + runtime.text() + ". " + way_out +
         ", or install one of these releases");
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

std::string target_of(const std::string& link) {
    char target[256];
    const auto size = readlink(link.c_str(), target, sizeof target);
    return size < 0 ? "" : std::string(target, static_cast<std::size_t>(size));
}

/// The path of an open file, for other processes too, such as a debugger; unless this /proc numbers processes
/// otherwise.
std::string path_of(int file) {
    const std::string end = "/fd/" + std::to_string(file);
    const std::string path = "/proc/" + std::to_string(getpid()) + end;
    return target_of(path) == target_of("/proc/self" + end) ? path : "/proc/self" + end;
}

/// A path by which the loader knows no library yet. It takes a library of the same path for the same library, and other
/// code may have loaded one from a file of this number and closed it.
std::string unknown_path(int& file) {
    while (true) {
        std::string path = path_of(file);
        if (file > STDERR_FILENO && dlopen(path.c_str(), RTLD_LAZY | RTLD_NOLOAD) == nullptr) {
            return path;
        }
        const int other = fcntl(file, F_DUPFD_CLOEXEC, std::max(file, STDERR_FILENO) + 1);
        close(file);
        if (other < 0) {
            return {};
        }
        file = other;
    }
}

/// Loads the payload from memory; nullptr where the system forbids that, or where the payload does not load.
void* load_from_memory(const Payload& payload, std::string& why) {
    const std::string name = std::string(ovext::file_name) + "-openvino-" + payload.release;
    auto file = static_cast<int>(syscall(SYS_memfd_create, name.c_str(), close_on_exec | may_be_executed));
    if (file < 0 && errno == EINVAL) {
        file = static_cast<int>(syscall(SYS_memfd_create, name.c_str(), close_on_exec));
    }
    const std::string path = file < 0 ? "" : unknown_path(file);
    if (path.empty() || !write_all(file, payload)) {
        why = std::string("memory: ") + std::strerror(errno);
        if (file >= 0) {
            close(file);
        }
        return nullptr;
    }
    // The file stays open, so that no other gets its number.
    void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        why = dlerror();
        close(file);
    }
    return handle;
}

/// Loads the payload from a file below `parent` that only this user can reach, and removes the file.
void* load_from_file(const Payload& payload, const std::string& parent, std::string& why) {
    std::string folder = parent + "/ovext-XXXXXX";
    if (mkdtemp(folder.data()) == nullptr) {
        why += "; " + folder + ": " + std::strerror(errno);
        return nullptr;
    }
    const std::string path = folder + "/" + ovext::file_name + "-openvino-" + payload.release + ".so";
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IXUSR);
    const bool is_written = file >= 0 && write_all(file, payload);
    if (!is_written) {
        why += "; " + path + ": " + std::strerror(errno);
    }
    if (file >= 0) {
        close(file);
    }
    void* handle = is_written ? dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
    if (is_written && handle == nullptr) {
        why += std::string("; ") + dlerror();
    }
    unlink(path.c_str());
    rmdir(folder.c_str());
    return handle;
}

/// The folder of this library, found when it is loaded: a later call may have another working folder.
const std::string& own_folder() {
    static const std::string folder = [] {
        Dl_info info{};
        std::string path = dladdr(reinterpret_cast<const void*>(&own_folder), &info) != 0 ? info.dli_fname : "";
        if (char* whole = realpath(path.c_str(), nullptr)) {
            path = whole;
            std::free(whole);
        }
        return path.substr(0, path.find_last_of('/'));
    }();
    return folder;
}

[[gnu::constructor]] void find_own_folder() {
    own_folder();
}

void* load_from_beside(const Payload& payload, std::string& why) {
    void* handle = dlopen((own_folder() + "/" + payload.file).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        why = dlerror();
    }
    return handle;
}

/// From memory, or where the system forbids that, from a file.
void* load_from_inside(const Payload& payload, std::string& why) {
    void* handle = load_from_memory(payload, why);
    const char* temporary = secure_getenv("TMPDIR");
    for (const std::string parent : {temporary != nullptr && *temporary == '/' ? temporary : "/tmp", "/tmp"}) {
        handle = handle == nullptr ? load_from_file(payload, parent, why) : handle;
    }
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
    void* handle = payload.file != nullptr ? load_from_beside(payload, why) : load_from_inside(payload, why);
    const Loaded loaded{payload, handle};
    if (handle == nullptr || loaded.find<void(void*)>("create_extensions") == nullptr) {
        fail(std::string("cannot load its build for OpenVINO ") + payload.release + ": " + why);
    }
    return loaded;
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
    } catch (...) {
        return nullptr;
    }
}

/// One line "type opset" for each op; nullptr where the payload does not say.
[[gnu::visibility("default")]] const char* ovext_ops() {
    try {
        auto* function = loaded().find<const char*()>("ovext_ops");
        return function == nullptr ? nullptr : function();
    } catch (...) {
        return nullptr;
    }
}

/// The release whose build is in use, such as 2026.4.1; nullptr without one.
[[gnu::visibility("default")]] const char* ovext_active_openvino() {
    try {
        return loaded().payload.release;
    } catch (...) {
        return nullptr;
    }
}
}
