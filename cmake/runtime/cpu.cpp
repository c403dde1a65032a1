#include <ovext/cpu.hpp>

#include <cpuid.h>

namespace ovext {
namespace {

constexpr std::uint32_t extended_leaves = 0x80000000u;
constexpr std::uint32_t osxsave_bit = 1u << 27;

class HostCpu final : public Cpu {
public:
    CpuidAnswer cpuid(std::uint32_t leaf, std::uint32_t subleaf) const override {
        CpuidAnswer answer{};
        __cpuid_count(leaf, subleaf, answer.value[0], answer.value[1], answer.value[2], answer.value[3]);
        return answer;
    }

    std::uint64_t xcr0() const override {
        // Inline assembly: the intrinsic would need -mxsave for this file.
        std::uint32_t low = 0;
        std::uint32_t high = 0;
        __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        return (std::uint64_t{high} << 32) | low;
    }
};

std::uint32_t highest_leaf(const Cpu& cpu, std::uint32_t leaf) {
    return cpu.cpuid(leaf >= extended_leaves ? extended_leaves : 0u, 0).value[0];
}

bool saves_state(const Cpu& cpu, std::uint64_t mask) {
    const auto ecx = cpu.cpuid(1, 0).value[static_cast<int>(Register::ecx)];
    return (ecx & osxsave_bit) != 0 && (cpu.xcr0() & mask) == mask;
}

}  // namespace

const Cpu& this_cpu() {
    static const HostCpu cpu;
    return cpu;
}

bool has_feature(const Cpu& cpu, const Feature& feature) {
    if (feature.xcr0 != 0 && !saves_state(cpu, feature.xcr0)) {
        return false;
    }
    if (feature.leaf > highest_leaf(cpu, feature.leaf)) {
        return false;
    }
    const auto answer = cpu.cpuid(feature.leaf, feature.subleaf);
    return ((answer.value[static_cast<int>(feature.reg)] >> feature.bit) & 1u) != 0;
}

}  // namespace ovext
