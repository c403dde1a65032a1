#include <ovext/dispatch.hpp>

#include <openvino/core/except.hpp>
#include <ovext/variants.hpp>

#include <cstdlib>

namespace ovext {

const Selection& selection() {
    static const Selection chosen = select_variant(variant_table, this_cpu(), std::getenv("OVEXT_ISA"));
    return chosen;
}

void require_variant() {
    if (selection().variant == nullptr) {
        OPENVINO_THROW(selection().error);
    }
}

namespace {

// Forces the choice at load time, so that a later change of the environment cannot split it between ops.
[[maybe_unused]] const Selection& chosen_at_load = selection();

// For tools that must know a file's variants without loading it.
[[gnu::used, gnu::section(".ovext.variants")]] const char compiled_variants[] = OVEXT_VARIANT_IDS;

}  // namespace
}  // namespace ovext

extern "C" [[gnu::visibility("default")]] const char* ovext_active_isa() {
    const auto* variant = ovext::selection().variant;
    return variant == nullptr ? nullptr : variant->id;
}
