#include <ovext/variant.hpp>

#include <cstring>

namespace ovext {
namespace {

template <typename Predicate>
std::string names(const VariantTable& table, Predicate wanted) {
    std::string list;
    for (std::size_t i = 0; i < table.count; ++i) {
        if (wanted(table.rows[i])) {
            list += list.empty() ? "" : ", ";
            list += table.rows[i].id;
        }
    }
    return list.empty() ? "none" : list;
}

Selection refuse(const VariantTable& table, const Cpu& cpu, const std::string& what) {
    const auto compiled = [](const Variant& row) {
        return row.index >= 0;
    };
    const auto possible = [&](const Variant& row) {
        return row.index >= 0 && supports(cpu, row);
    };
    return {nullptr,
            what + " Compiled into this library: " + names(table, compiled) +
                "; of these, this CPU can run: " + names(table, possible) + "."};
}

Selection forced_variant(const VariantTable& table, const Cpu& cpu, const char* forced) {
    const std::string asked = std::string("OVEXT_ISA=") + forced;
    for (std::size_t i = 0; i < table.count; ++i) {
        const auto& row = table.rows[i];
        if (std::strcmp(row.id, forced) != 0) {
            continue;
        }
        if (row.index < 0) {
            return refuse(table, cpu, asked + " names an instruction set that is not compiled into this library.");
        }
        if (!supports(cpu, row)) {
            return refuse(table, cpu, asked + " names an instruction set that this CPU does not support.");
        }
        return {&row, {}};
    }
    const auto any = [](const Variant&) {
        return true;
    };
    return refuse(table, cpu, asked + " is not an instruction set; the known ones are " + names(table, any) + ".");
}

}  // namespace

bool supports(const Cpu& cpu, const Variant& variant) {
    for (std::size_t i = 0; i < variant.feature_count; ++i) {
        if (!has_feature(cpu, variant.features[i])) {
            return false;
        }
    }
    return true;
}

Selection select_variant(const VariantTable& table, const Cpu& cpu, const char* forced) {
    if (forced != nullptr && *forced != '\0') {
        return forced_variant(table, cpu, forced);
    }
    for (std::size_t i = table.count; i-- > 0;) {
        if (table.rows[i].index >= 0 && supports(cpu, table.rows[i])) {
            return {&table.rows[i], {}};
        }
    }
    return refuse(table, cpu, "No instruction set variant of this library can run on this CPU.");
}

}  // namespace ovext
