"""Every function of a library, and the CPU features that its instructions need."""

from __future__ import annotations

import struct
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import iced_x86

from ovext.inspect.demangle import demangle
from ovext.inspect.instructions import BITS, features_of_codes
from ovext.inspect.variants import variant_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ovext.inspect.elf import Elf

_SORTED_TABLE = b"\x1b\x03\x3b"  # other encodings are allowed, but no linker writes them
_SYSTEM_CALL = 0x80  # the interrupt of 32-bit programs
_TRAPS = {iced_x86.Mnemonic.INT1, iced_x86.Mnemonic.INT3}
_HEAD = 12  # bytes before that table


@dataclass(frozen=True, slots=True)
class Function:
    """A range of code. `name` is the mangled symbol, or empty if the file has none."""

    name: str
    start: int
    end: int
    variant: str | None  # the instruction set variant that it belongs to
    features: frozenset[str]  # beyond x86-64, as iced-x86 names them
    fuses: bool  # whether it has fused multiply-adds
    asks_cpu: bool  # whether it executes CPUID

    @property
    def readable_name(self) -> str:
        return demangle(self.name) if self.name else f"a function without a symbol at {self.start:#x}"


@dataclass(frozen=True)
class Instruction:
    address: int
    text: str


class CodeRange(NamedTuple):
    """Bytes that are executable; `variant` is the variant to which they belong."""

    start: int
    end: int
    variant: str | None


class Window:
    """Reads code that is asked for in order, some megabytes at a time."""

    _SIZE = 1 << 22

    def __init__(self, elf: Elf, end: int) -> None:
        self._elf, self._end = elf, end
        self._start, self._content = 0, b""

    def bytes(self, start: int, stop: int) -> bytes:
        if not self._start <= start <= stop <= self._start + len(self._content):
            self._start = start
            self._content = self._elf.at(start, min(max(self._SIZE, stop - start), self._end - start))
        return self._content[start - self._start : stop - self._start]


def code_ranges(elf: Elf) -> list[CodeRange]:
    """The executable bytes, by address and without overlaps: the sections that say so, else the executable segments."""
    sections = [one for one in elf.sections if one.is_executable and one.is_loaded and one.size]
    sections = [one for one in sections if elf.is_code(one.address) and elf.is_code(one.address + one.size - 1)]
    ranges = [CodeRange(one.address, one.address + one.size, variant_of(one)) for one in sections]
    if not ranges:
        segments = [one for one in elf.segments_of("load") if one.is_executable]
        ranges = [CodeRange(one.address, one.address + one.file_size, None) for one in segments]
    found: list[CodeRange] = []
    for one in sorted(ranges):
        start = max(one.start, found[-1].end) if found else one.start
        if start < one.end:
            found.append(one._replace(start=start))
    return found


def function_starts(elf: Elf) -> dict[int, str]:
    """The address of each function that a symbol or the unwind table names, with its symbol or an empty name."""
    names = dict.fromkeys(_unwind_starts(elf), "")
    return names | {
        one.value: one.name for one in (*elf.dynamic_symbols, *elf.symbols) if one.is_function and one.section
    }


def functions_of(elf: Elf) -> list[Function]:
    """Every function, ordered by address.

    Ranges come from the symbols and from the unwind table; code that is in neither belongs to the function before it.

    Raises:
        UnreadableFileError: the file is damaged.
    """
    found = []
    names = function_starts(elf)
    starts = sorted(names)
    code_of = attrgetter("code")
    for begin, end, variant in code_ranges(elf):
        bounds = [begin, *starts[bisect_left(starts, begin + 1) : bisect_left(starts, end)], end]
        window = Window(elf, end)
        for start, stop in pairwise(bounds):
            code = window.bytes(start, stop)
            codes = set(map(code_of, iced_x86.Decoder(BITS, code, ip=start)))
            features, fuses = features_of_codes(codes)
            name, asks_cpu = names.get(start, ""), iced_x86.Code.CPUID in codes
            found.append(Function(name, start, stop, variant, features, fuses, asks_cpu))
    return found


def first_instruction(elf: Elf, start: int, end: int, wanted: Callable[[int], bool]) -> Instruction | None:
    """The first instruction for which `wanted` is true, called with iced-x86's number for its code."""
    for instruction in instructions(elf, start, end):
        if wanted(instruction.code):
            return Instruction(instruction.ip, f"{instruction}")
    return None


def never_returns(elf: Elf, function: Function) -> bool:
    """True when no path through the function leads back to its caller: it throws or ends the process."""
    flow = iced_x86.FlowControl
    pending, seen = [function.start], set()
    while pending:
        after_call = False
        for instruction in instructions(elf, pending.pop(), function.end):
            kind = instruction.flow_control
            if instruction.ip in seen or ends_process(instruction):
                break
            seen.add(instruction.ip)
            if kind in {flow.RETURN, flow.INDIRECT_BRANCH}:
                return False
            if kind in {flow.UNCONDITIONAL_BRANCH, flow.CONDITIONAL_BRANCH}:
                if not function.start <= instruction.near_branch_target < function.end:
                    return False
                pending.append(instruction.near_branch_target)
            if kind == flow.UNCONDITIONAL_BRANCH:
                break
            after_call = kind == flow.CALL or (after_call and instruction.mnemonic == iced_x86.Mnemonic.NOP)
        else:
            if not after_call:  # the code goes on into the next function
                return False
    return True


def ends_process(instruction: iced_x86.Instruction) -> bool:
    """Whether the instruction ends a program: a trap, or one that only the kernel may run."""
    is_trap = instruction.flow_control == iced_x86.FlowControl.EXCEPTION or instruction.mnemonic in _TRAPS
    is_trap = is_trap or (instruction.mnemonic == iced_x86.Mnemonic.INT and instruction.immediate8 != _SYSTEM_CALL)
    return bool(is_trap or instruction.is_privileged) and not instruction.is_invalid


def instructions(elf: Elf, start: int, end: int) -> Iterable[iced_x86.Instruction]:
    return iced_x86.Decoder(BITS, elf.at(start, end - start), ip=start)


def _unwind_starts(elf: Elf) -> Iterator[int]:
    """The start addresses of functions, from the sorted table of .eh_frame_hdr (Linux Standard Base)."""
    for segment in elf.segments_of("unwind"):
        content = elf.at(segment.address, segment.file_size)
        if content[1:4] != _SORTED_TABLE or len(content) < _HEAD:
            return
        (count,) = struct.unpack_from("<I", content, 8)
        if _HEAD + 8 * count > len(content):
            raise elf.damaged("its unwind table is too short")
        for start, _ in struct.iter_unpack("<ii", content[_HEAD : _HEAD + 8 * count]):
            yield segment.address + start
