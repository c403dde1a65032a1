"""What each x86-64 instruction needs of the CPU."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

import iced_x86

from ovext.targets.isa import isa_table

if TYPE_CHECKING:
    from collections.abc import Iterable

BITS = 64
UNKNOWN = "UNKNOWN"  # the feature of an instruction that the disassembler does not know
GUARDED_BY_CPUID = "XSAVE"  # XGETBV asks which registers the system saves, after CPUID said that it may be asked
SAME_AS_BSF = "TZCNT"  # an old CPU runs it as BSF, which differs for 0

_FEATURE_NAMES = {
    getattr(iced_x86.CpuidFeature, name): name for name in dir(iced_x86.CpuidFeature) if not name.startswith("_")
}
_CODE_NAMES = {getattr(iced_x86.Code, name): name for name in dir(iced_x86.Code) if not name.startswith("_")}
# What every x86-64 CPU has (System V ABI, "Micro-Architecture Levels"), and what it runs as a NOP: the instructions of
# CET, MPX and of some hints are such. Everything else needs a check of the CPU.
_BASELINE = frozenset(
    (
        *("INTEL8086", "INTEL186", "INTEL286", "INTEL386", "INTEL486", "X64", "FPU", "FPU287", "FPU387"),
        *("CMOV", "CX8", "FXSR", "MMX", "SSE", "SSE2", "TSC", "CPUID", "PAUSE", "SYSCALL", "MULTIBYTENOP", "CLFSH"),
        *("CET_IBT", "MPX", "PREFETCHW", "PREFETCHWT1", "PREFETCHITI", "CLDEMOTE"),
    )
)
_NOPS_WITHOUT_CET = frozenset({iced_x86.Mnemonic.RDSSPD, iced_x86.Mnemonic.RDSSPQ})
_LAHF = frozenset({iced_x86.Mnemonic.LAHF, iced_x86.Mnemonic.SAHF})
# The levels of x86-64 that a file can be marked with (System V ABI).
_LEVELS = {
    2: ("SSE3", "SSSE3", "SSE4_1", "SSE4_2", "POPCNT", "CMPXCHG16B", "LAHF_SAHF"),
    3: ("AVX", "AVX2", "FMA", "F16C", "BMI1", "BMI2", "LZCNT", "MOVBE"),
    4: ("AVX512F", "AVX512VL", "AVX512BW", "AVX512DQ", "AVX512CD"),
}
# The features of GCC's -march, by the names of the first CPUs that had them.
_CPU_ADDS = {
    "x86-64": (),
    "nehalem": _LEVELS[2],
    "haswell": (*_LEVELS[3], "XSAVE", "XSAVEOPT", "AES", "PCLMULQDQ", "FSGSBASE", "RDRAND", "RDTSCP", "INVPCID"),
    "skylake-avx512": (*_LEVELS[4], "ADX", "RDSEED", "CLFLUSHOPT", "CLWB", "XSAVEC", "XSAVES", "PKU"),
}
BASELINE_CPU = "x86-64"
CPUS = tuple(_CPU_ADDS)
_LINUX_NAMES = {
    "3dnow": "D3NOW",
    "3dnowext": "D3NOWEXT",
    "pni": "SSE3",
    "abm": "LZCNT",
    "cx16": "CMPXCHG16B",
    "lahf_lm": "LAHF_SAHF",
    "sha_ni": "SHA",
}


@cache
def features_of_cpu(name: str) -> frozenset[str]:
    """The features beyond x86-64 of a CPU, as iced-x86 names them; `name` is one of CPUS."""
    known = CPUS[: CPUS.index(name) + 1]
    return frozenset(feature for one in known for feature in _CPU_ADDS[one])


def can_run(cpu: str, variant: str) -> bool:
    """Whether a CPU, one of CPUS, has the features that a variant may use."""
    return features_of_variant(variant) <= features_of_cpu(cpu)


def features_of_linux(cpuinfo_flags: Iterable[str]) -> frozenset[str]:
    """The features that Linux reports of a CPU, as iced-x86 names them."""
    by_letters = {name.replace("_", ""): name for name in (*_FEATURE_NAMES.values(), "LAHF_SAHF")}
    letters = (_LINUX_NAMES.get(flag, flag).upper().replace("_", "") for flag in cpuinfo_flags)
    found = {by_letters[one] for one in letters if one in by_letters}
    found = {one for one in found if not one.startswith("AMX")}  # a process must ask the kernel for it first
    return frozenset(found | ({"HLE_OR_RTM"} if found & {"HLE", "RTM"} else set()))


def features_of_level(level: int) -> frozenset[str]:
    """The features beyond x86-64 of one of its levels, 1 to 4."""
    return frozenset(feature for one, added in _LEVELS.items() if one <= level for feature in added)


@cache
def features_of_code(code: int) -> frozenset[str]:
    """The features beyond x86-64 that an instruction needs; `code` is iced-x86's number for it."""
    instruction = iced_x86.Instruction()
    instruction.code = cast("Any", code)  # iced-x86 writes its enumerations as plain numbers
    if instruction.mnemonic == iced_x86.Mnemonic.TZCNT:
        return frozenset({SAME_AS_BSF})
    if instruction.mnemonic in _NOPS_WITHOUT_CET:
        return frozenset()
    if instruction.mnemonic in _LAHF:
        return frozenset({"LAHF_SAHF"})
    return frozenset(_FEATURE_NAMES[feature] for feature in instruction.cpuid_features()) - _BASELINE


_plain: set[int] = set()  # the codes that were seen to need nothing beyond x86-64 and to fuse nothing
_features: dict[frozenset[int], tuple[frozenset[str], bool]] = {}


def features_of_codes(codes: set[int]) -> tuple[frozenset[str], bool]:
    """The features beyond x86-64 that these instructions need, and whether one of them fuses."""
    special = frozenset(codes - _plain)
    if special not in _features:
        _plain.update(code for code in special if not features_of_code(code) and not fuses(code))
        special -= _plain
        features = frozenset(feature for code in special for feature in features_of_code(code))
        _features[special] = (features, any(map(fuses, special)))
    return _features[special]


@cache
def fuses(code: int) -> bool:
    """Whether the instruction fuses a multiplication with an addition."""
    name = _CODE_NAMES.get(code, "")
    return "_VFM" in name or "_VFNM" in name


@cache
def features_of_variant(variant: str | None) -> frozenset[str]:
    """The features that the variant's row of the table allows, as iced-x86 names them; none outside variants."""
    row = isa_table().get(variant or "")
    return frozenset(feature.replace(".", "_").upper() for feature in row.features) if row else frozenset()
