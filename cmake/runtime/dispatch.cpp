#include <ovext/dispatch.hpp>

#include <cstdlib>
#include <stdexcept>

namespace {

using Function = void (*)();
using Initialiser = void (*)(int argc, char** argv, char** envp);

/// What seal_objects.cmake writes for each variant.
struct SealedVariant {
    const Function* functions;      ///< called by the rest of the library
    const Initialiser* init_begin;  ///< run at load, from the first to the last
    const Initialiser* init_end;
    const Function* fini_begin;  ///< run at exit, from the last to the first
    const Function* fini_end;
};

}  // namespace

extern "C" {
/// In the order of Variant::index.
[[gnu::visibility("hidden")]] extern const SealedVariant ovext_sealed_variants[];
/// The functions of the chosen variant: each call of a kernel jumps through this table. At first, all of them refuse.
[[gnu::visibility("hidden")]] extern const Function* ovext_chosen_functions;

/// Where a call of a kernel ends when no variant can run on this CPU.
[[gnu::visibility("hidden")]] void ovext_refuse_call() {
    throw std::runtime_error(ovext::selection().error);
}
}

namespace ovext {
namespace {

const SealedVariant& chosen_variant() {
    return ovext_sealed_variants[selection().variant->index];
}

void run_at_exit() {
    const auto& chosen = chosen_variant();
    for (const auto* function = chosen.fini_end; function != chosen.fini_begin;) {
        (*--function)();
    }
}

/// Runs before all other code of the library, which may call kernels. Runs at load time, so that a later change of the
/// environment cannot split the choice. The initialisers of the other variants never run: this CPU may lack the
/// instructions that they use.
[[gnu::constructor(101)]] void use_chosen_variant(int argc, char** argv, char** envp) {
    if (selection().variant == nullptr) {
        return;
    }
    const auto& chosen = chosen_variant();
    ovext_chosen_functions = chosen.functions;
    if (chosen.fini_begin != chosen.fini_end) {
        std::atexit(run_at_exit);  // registered first, so that it runs after static objects are destroyed
    }
    for (const auto* initialiser = chosen.init_begin; initialiser != chosen.init_end; ++initialiser) {
        (*initialiser)(argc, argv, envp);
    }
}

}  // namespace

const Selection& selection() {
    static const Selection chosen = select_variant(variant_table, this_cpu(), std::getenv("OVEXT_ISA"));
    return chosen;
}

}  // namespace ovext

extern "C" [[gnu::visibility("default")]] const char* ovext_active_isa() {
    const auto* variant = ovext::selection().variant;
    return variant == nullptr ? nullptr : variant->id;
}
