"""Every function of a library, and the CPU features that its instructions need."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

import iced_x86

from ovext.inspect.demangle import demangle
from ovext.inspect.variants import variant_of
from ovext.targets.isa import isa_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ovext.inspect.elf import Elf, Section

_BITS = 64
_FEATURE_NAMES = {
    getattr(iced_x86.CpuidFeature, name): name for name in dir(iced_x86.CpuidFeature) if not name.startswith("_")
}
_CODE_NAMES = {getattr(iced_x86.Code, name): name for name in dir(iced_x86.Code) if not name.startswith("_")}
# Features beyond x86-64 that a program may not use without checking the CPU. Others, such as CET's NOPs, are harmless.
_WIDE_PREFIXES = (
    *("SSE3", "SSSE3", "SSE4", "AVX", "FMA", "F16C", "POPCNT", "BMI", "LZCNT", "MOVBE"),
    *("AES", "VAES", "PCLMUL", "VPCLMUL", "SHA", "GFNI", "XOP", "TBM"),
    *("AMX", "ADX", "RDRAND", "RDSEED", "RTM", "MOVDIR", "WAITPKG"),
)
# Compilers write it instead of BSF where both return the same: old CPUs run it as BSF.
_HARMLESS = {iced_x86.Mnemonic.TZCNT}


@dataclass(frozen=True)
class Function:
    """A range of code. `name` is the mangled symbol, or empty if the file has none."""

    name: str
    start: int
    end: int
    variant: str | None  # the instruction set variant that it belongs to
    features: frozenset[str]  # beyond x86-64, as iced-x86 names them
    fuses: bool  # whether it has fused multiply-adds

    @property
    def readable_name(self) -> str:
        return demangle(self.name) if self.name else f"a function without a symbol at {self.start:#x}"


@dataclass(frozen=True)
class Instruction:
    address: int
    text: str


def functions_of(elf: Elf) -> list[Function]:
    """Every function, ordered by address.

    Ranges come from the symbols and from the unwind table; code that is in neither belongs to the function before it.

    Raises:
        UnreadableFileError: the file is damaged.
    """
    found = []
    names = {symbol.value: symbol.name for symbol in (*elf.symbols, *elf.dynamic_symbols) if symbol.is_function}
    starts = sorted({*names, *_unwind_starts(elf)})
    code_of = attrgetter("code")
    for section in _code_sections(elf):
        content = elf.content(section)
        end = section.address + len(content)
        inside = [start for start in starts if section.address < start < end]
        bounds = [section.address, *inside, end]
        for start, stop in pairwise(bounds):
            code = content[start - section.address : stop - section.address]
            codes = frozenset(map(code_of, iced_x86.Decoder(_BITS, code, ip=start)))
            variant, name = variant_of(section), names.get(start, "")
            found.append(Function(name, start, stop, variant, _features_of_codes(codes), _any_fuses(codes)))
    return found


def first_instruction(elf: Elf, function: Function, wanted: Callable[[int], bool]) -> Instruction | None:
    """The function's first instruction for which `wanted` is true, called with iced-x86's number for its code."""
    for instruction in _instructions(elf, function):
        if wanted(instruction.code):
            return Instruction(instruction.ip, f"{instruction}")
    return None


def never_returns(elf: Elf, function: Function) -> bool:
    """True when no path through the function leads back to its caller: it throws or ends the process."""
    flow = iced_x86.FlowControl
    for instruction in _instructions(elf, function):
        if instruction.flow_control in {flow.RETURN, flow.INDIRECT_BRANCH}:
            return False
        leaves = not function.start <= instruction.near_branch_target < function.end
        if instruction.flow_control in {flow.UNCONDITIONAL_BRANCH, flow.CONDITIONAL_BRANCH} and leaves:
            return False
    return True


def features_allowed_in(variant: str | None) -> frozenset[str]:
    """The features that the variant's row of the table allows, as iced-x86 names them; none outside variants."""
    row = isa_table().get(variant or "")
    return frozenset(feature.replace(".", "_").upper() for feature in row.features) if row else frozenset()


def _instructions(elf: Elf, function: Function) -> Iterator[iced_x86.Instruction]:
    for section in _code_sections(elf):
        if section.address <= function.start < section.address + section.size:
            begin = function.start - section.address
            code = elf.content(section)[begin : begin + function.end - function.start]
            yield from iced_x86.Decoder(_BITS, code, ip=function.start)


def _code_sections(elf: Elf) -> Iterator[Section]:
    return (section for section in elf.sections if section.is_executable and section.size)


def _unwind_starts(elf: Elf) -> list[int]:
    """The start addresses of functions, from the sorted table of .eh_frame_hdr (Linux Standard Base)."""
    section = elf.section(".eh_frame_hdr")
    if section is None:
        return []
    content = elf.content(section)
    if content[1:4] != b"\x1b\x03\x3b":  # other encodings are allowed, but no linker writes them
        return []
    (count,) = struct.unpack_from("<I", content, 8) if len(content) >= 12 else (0,)  # noqa: PLR2004
    if 12 + 8 * count > len(content):
        raise elf.damaged("its unwind table is too short")
    return [section.address + start for start, _ in struct.iter_unpack("<ii", content[12 : 12 + 8 * count])]


@cache
def _features_of_codes(codes: frozenset[int]) -> frozenset[str]:
    return frozenset().union(*(features_of_code(code) for code in codes))


@cache
def _any_fuses(codes: frozenset[int]) -> bool:
    return any(map(fuses, codes))


@cache
def fuses(code: int) -> bool:
    """Whether the instruction fuses a multiplication with an addition."""
    name = _CODE_NAMES.get(code, "")
    return "_VFM" in name or "_VFNM" in name


@cache
def features_of_code(code: int) -> frozenset[str]:
    """The features beyond x86-64 that an instruction needs."""
    instruction = iced_x86.Instruction()
    instruction.code = cast("Any", code)  # iced-x86 writes its enumerations as plain numbers
    if instruction.mnemonic in _HARMLESS:
        return frozenset()
    names = (_FEATURE_NAMES[feature] for feature in instruction.cpuid_features())
    return frozenset(name for name in names if name.startswith(_WIDE_PREFIXES))
