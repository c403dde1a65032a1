// What the processor and the operating system allow, read from CPUID and XCR0.
#pragma once

#include <cstdint>

namespace ovext {

/// The registers of one CPUID answer, in the order of Register.
struct CpuidAnswer {
    std::uint32_t value[4];
};

enum class Register : std::uint8_t { eax, ebx, ecx, edx };

/// One CPU feature: where CPUID reports it and which register state the operating system must save for it.
struct Feature {
    const char* name;
    std::uint32_t leaf;
    std::uint32_t subleaf;
    Register reg;
    std::uint8_t bit;
    std::uint64_t xcr0;  ///< bits of XCR0 that must all be set; 0 when the feature needs no saved state
};

/// A source of the processor's answers, so that a test can describe any other processor.
class Cpu {
public:
    virtual ~Cpu() = default;
    virtual CpuidAnswer cpuid(std::uint32_t leaf, std::uint32_t subleaf) const = 0;
    /// XGETBV(0). Only called when CPUID reports OSXSAVE; the instruction faults otherwise.
    virtual std::uint64_t xcr0() const = 0;
};

/// The processor that this code runs on.
const Cpu& this_cpu();

/// True when `cpu` has the feature and the operating system saves the registers that it uses.
bool has_feature(const Cpu& cpu, const Feature& feature);

}  // namespace ovext
