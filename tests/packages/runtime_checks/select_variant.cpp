// Prints what the runtime chooses on a CPU that the command line describes:
//   select_variant XCR0 COMPILED [OVEXT_ISA=name] [LEAVES=highest] feature...
// XCR0 is hexadecimal, or - for an operating system that does not use it (OSXSAVE off). COMPILED lists the variants in
// the library, with commas. LEAVES is the highest basic leaf of CPUID, 7 by default; a leaf beyond it answers as the
// highest does, with all bits set. Features are those of isa.json. Prints the chosen id, or "error: " and the message.
#include <ovext/dispatch.hpp>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace {

class DescribedCpu final : public ovext::Cpu {
public:
    DescribedCpu(const std::string& xcr0, std::uint32_t leaves, const std::set<std::string>& names)
        : m_xcr0(xcr0),
          m_leaves(leaves) {
        m_registers[{0, 0}].value[0] = leaves;
        if (xcr0 != "-") {
            m_registers[{1, 0}].value[2] |= 1u << 27;  // OSXSAVE
        }
        for (std::size_t row = 0; row < ovext::variant_table.count; ++row) {
            const auto& variant = ovext::variant_table.rows[row];
            for (std::size_t i = 0; i < variant.feature_count; ++i) {
                const auto& feature = variant.features[i];
                if (names.count(feature.name) != 0) {
                    m_registers[{feature.leaf, feature.subleaf}].value[static_cast<int>(feature.reg)] |= 1u
                                                                                                         << feature.bit;
                }
            }
        }
    }

    ovext::CpuidAnswer cpuid(std::uint32_t leaf, std::uint32_t subleaf) const override {
        if (leaf > m_leaves && leaf < 0x80000000u) {
            return {{~0u, ~0u, ~0u, ~0u}};
        }
        const auto found = m_registers.find({leaf, subleaf});
        return found == m_registers.end() ? ovext::CpuidAnswer{} : found->second;
    }

    std::uint64_t xcr0() const override {
        if (m_xcr0 == "-") {
            std::puts("error: XGETBV was used without OSXSAVE, which faults on a real CPU");
            std::exit(1);
        }
        return std::strtoull(m_xcr0.c_str(), nullptr, 16);
    }

private:
    std::string m_xcr0;
    std::uint32_t m_leaves;
    std::map<std::tuple<std::uint32_t, std::uint32_t>, ovext::CpuidAnswer> m_registers;
};

std::vector<ovext::Variant> rows_with(const std::string& compiled) {
    std::vector<ovext::Variant> rows;
    int next = 0;
    for (std::size_t i = 0; i < ovext::variant_table.count; ++i) {
        rows.push_back(ovext::variant_table.rows[i]);
        const bool is_compiled = ("," + compiled + ",").find(std::string(",") + rows[i].id + ",") != std::string::npos;
        rows[i].index = is_compiled ? next++ : -1;
    }
    return rows;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string prefix = "OVEXT_ISA=", leaves_prefix = "LEAVES=";
    std::string forced;
    std::uint32_t leaves = 7;
    std::set<std::string> features;
    for (int i = 3; i < argc; ++i) {
        const std::string word = argv[i];
        if (word.compare(0, prefix.size(), prefix) == 0) {
            forced = word.substr(prefix.size());
        } else if (word.compare(0, leaves_prefix.size(), leaves_prefix) == 0) {
            leaves = static_cast<std::uint32_t>(std::stoul(word.substr(leaves_prefix.size())));
        } else {
            features.insert(word);
        }
    }
    const DescribedCpu cpu(argv[1], leaves, features);
    const auto rows = rows_with(argv[2]);
    const auto selection = ovext::select_variant({rows.data(), rows.size()}, cpu, forced.c_str());
    std::puts(selection.variant != nullptr ? selection.variant->id : ("error: " + selection.error).c_str());
    return 0;
}
