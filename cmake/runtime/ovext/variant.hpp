// Chooses one of the instruction set variants in a library.
#pragma once

#include <ovext/cpu.hpp>

#include <cstddef>
#include <string>

namespace ovext {

/// One row of the instruction set table.
struct Variant {
    const char* id;
    const Feature* features;
    std::size_t feature_count;
    int index;  ///< position among the compiled variants, -1 when this library lacks it
};

/// The instruction set table, from the narrowest row to the widest.
struct VariantTable {
    const Variant* rows;
    std::size_t count;
};

struct Selection {
    const Variant* variant;  ///< nullptr when nothing can run; `error` then says why
    std::string error;
};

/// True when `cpu` has every feature that the variant's compiler flags may use.
bool supports(const Cpu& cpu, const Variant& variant);

/// The widest compiled variant that `cpu` supports, or the one named by `forced` (null or empty: not forced).
Selection select_variant(const VariantTable& table, const Cpu& cpu, const char* forced);

}  // namespace ovext
