// The functions that ovext's worker calls: they read a model's op and call its evaluate() on an emulated CPU.
#include "arena.hpp"
#include "cpu.hpp"

#include <dlfcn.h>
#include <memory>
#include <openvino/core/model.hpp>
#include <openvino/runtime/core.hpp>
#include <string>
#include <thread>

namespace {

/// An op, the tensors of its next call, and that call's result.
struct Op {
    std::shared_ptr<ov::Node> node;
    ov::TensorVector inputs;
    ov::TensorVector outputs;
    int threads = 1;
    bool result = false;
    bool has_thrown = false;
    std::string error;
};

/// Never destroyed: the library stays loaded, since its finalisers are for the emulated CPU.
ov::Core& core() {
    static auto* const only = new ov::Core;
    return *only;
}

Op& current() {
    static auto* const only = new Op;
    return *only;
}

std::unique_ptr<EmulatedCpu> emulated_cpu;
std::string last_error;

struct LibraryToLoad {
    const char* path;
    void* handle;
    std::string error;
};

void load(LibraryToLoad* library) {
    library->handle = dlopen(library->path, RTLD_NOW);
    if (library->handle == nullptr) {
        library->error = dlerror();
    }
}

/// With more than one thread, the work is divided for them, and one thread does all of it.
void evaluate(Op* op) {
    Arena(op->threads).run([op] {
        try {
            op->result = op->node->evaluate(op->outputs, op->inputs);
        } catch (const std::exception& error) {
            op->has_thrown = true;
            op->error = error.what();
        } catch (...) {
            op->has_thrown = true;
            op->error = "it throws something that is no std::exception";
        }
    });
}

template <typename Argument>
Outcome emulate(void (*function)(Argument*), Argument* argument, std::uint64_t budget) {
    Outcome outcome{};
    // In its own thread, so that its memory does not come from where the guest's does: the guest may hold that lock.
    std::thread([&] {
        outcome = emulated_cpu->call(
            reinterpret_cast<std::uint64_t>(function), reinterpret_cast<std::uint64_t>(argument), budget);
    }).join();
    return outcome;
}

/// Calls the function, and keeps the text of what it throws.
template <typename Function>
bool succeeds(Function function) {
    try {
        function();
        return true;
    } catch (const std::exception& error) {
        last_error = error.what();
        return false;
    }
}

}  // namespace

extern "C" {

const char* emulator_error() {
    return last_error.c_str();
}

bool emulator_start(const char* bochs_path, std::uint32_t model, std::uint32_t xcr0) {
    return succeeds([&] {
        emulated_cpu = std::make_unique<EmulatedCpu>(bochs_path, Model{model, xcr0});
    });
}

/// Loads a library on the emulated CPU, so that its code chooses by what that CPU can do.
bool emulator_load(const char* path, std::uint64_t budget, Outcome* outcome) {
    LibraryToLoad library{path, nullptr, {}};
    *outcome = emulate(load, &library, budget);
    last_error = library.error;
    return library.handle != nullptr;
}

/// Counts the instructions that are executed from `begin` to `end`, and sets a byte of `executed` for each.
void emulator_watch(std::uint64_t begin, std::uint64_t end, std::uint8_t* executed) {
    emulated_cpu->watch(begin, end, executed);
}

/// Makes known to OpenVINO, on this CPU, a library that is loaded already.
bool emulator_add(const char* library) {
    return succeeds([&] {
        core().add_extension(std::string(library));
    });
}

/// Reads a model, on this CPU; the next calls are for its first op of the type.
bool emulator_read(const char* model, const char* type) {
    return succeeds([&] {
        current() = {};
        for (const auto& node : core().read_model(model, ov::Tensor())->get_ordered_ops()) {
            if (current().node == nullptr && std::string(node->get_type_name()) == type) {
                current().node = node;
            }
        }
        OPENVINO_ASSERT(current().node != nullptr, "the model has no ", type);
    });
}

/// Forgets the tensors of the last call. Those of the next are given then, inputs and outputs each in their order.
void emulator_begin() {
    current().inputs.clear();
    current().outputs.clear();
}

void emulator_tensor(bool is_output, const char* type, std::size_t rank, const std::size_t* shape, void* data) {
    auto& tensors = is_output ? current().outputs : current().inputs;
    tensors.emplace_back(ov::element::Type(type), ov::Shape(shape, shape + rank), data);
}

/// An output whose memory the op allocates.
void emulator_free_output(const char* type) {
    current().outputs.emplace_back(ov::element::Type(type), ov::Shape{0});
}

/// Calls evaluate() on the emulated CPU: 1 for true, 0 for false, -1 for an exception, whose text is emulator_error().
int emulator_evaluate(int threads, std::uint64_t budget, Outcome* outcome) {
    current().threads = threads;
    current().error.clear();
    current().result = false;
    current().has_thrown = false;
    *outcome = emulate(evaluate, &current(), budget);
    last_error = current().error;
    return current().has_thrown ? -1 : static_cast<int>(current().result);
}

std::size_t emulator_output_rank(std::size_t number) {
    return current().outputs[number].get_shape().size();
}

/// The memory of an output after a call; `shape` has room for its rank.
const void* emulator_output(std::size_t number, std::size_t* shape) {
    const auto& tensor = current().outputs[number];
    std::copy_n(tensor.get_shape().data(), tensor.get_shape().size(), shape);
    return tensor.data();
}

}  // extern "C"
