"""Which bytes of a library are code, and which code runs only after a check of the CPU.

Bytes in code that no path leads to are often data: tables, and bytes that are jumped over. So all code is followed from
where the loader and other code can enter it. Bytes that are not reached that way count as code if they read like code
up to an instruction that ends it, because a jump through a table leads to such places, too.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import iced_x86

from ovext.inspect.functions import code_ranges, ends_process, function_starts
from ovext.inspect.instructions import BITS, GUARDED_BY_CPUID, UNKNOWN, features_of_code, features_of_variant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ovext.inspect.elf import Elf
    from ovext.inspect.functions import CodeRange

TRAP = frozenset({"a trap"})  # the "features" of an instruction that ends the process
MOST_CODE = 1 << 20  # bytes; following more would take seconds
_MOST_STRAIGHT = 20_000  # instructions
_CPU_MODELS = {"__cpu_model", "__cpu_features2"}  # where libgcc and compiler-rt keep what CPUID said
_CHECKS = {"__cpu_indicator_init", "__x86_get_cpuid_feature_leaf", "__x86_get_cpu_features", "getauxval"}
_ENDS = {
    iced_x86.FlowControl.RETURN,
    iced_x86.FlowControl.UNCONDITIONAL_BRANCH,
    iced_x86.FlowControl.INDIRECT_BRANCH,
    iced_x86.FlowControl.EXCEPTION,
}
_BRANCHES = {iced_x86.FlowControl.UNCONDITIONAL_BRANCH, iced_x86.FlowControl.CONDITIONAL_BRANCH}


@dataclass(frozen=True)
class WideInstruction:
    """An instruction beyond x86-64 in code outside the variants."""

    address: int
    text: str
    features: frozenset[str]
    function: int  # the address of the function that it belongs to
    is_guarded: bool  # it runs only after a check of the CPU that can be seen


@dataclass
class _Walk:
    """What was found on the way through the code."""

    ends: dict[int, int] = field(default_factory=dict)  # each instruction that was reached, and where it ends
    wide: dict[int, tuple[str, frozenset[str]]] = field(default_factory=dict)
    users: dict[int, set[int]] = field(default_factory=dict)  # who calls a function or takes its address
    memory: dict[int, set[int]] = field(default_factory=dict)  # the addresses of data that a function names
    asks: set[int] = field(default_factory=set)  # functions that execute CPUID


class Reach:
    """All wide instructions of the code outside variants, which has at most MOST_CODE bytes.

    Raises:
        UnreadableFileError: the file is damaged.
    """

    def __init__(self, elf: Elf) -> None:
        self._elf = elf
        self._names = function_starts(elf)
        ranges = code_ranges(elf)
        self._ranges = [one for one in ranges if one.variant is None]
        self._variants = [one for one in ranges if one.variant is not None]
        self._contents = [elf.at(one.start, one.end - one.start) for one in self._ranges]
        self._starts = sorted({*self._names, *(one.start for one in self._ranges)})
        self._walk = _Walk()
        self._follow(self._roots())
        self._sweep_the_rest()

    @property
    def can_check(self) -> bool:
        """Whether anything in the library, or that it calls, asks what the CPU has."""
        asked = {symbol.name for symbol in self._elf.undefined}
        return bool(self._walk.asks or asked & (_CHECKS | _CPU_MODELS) or any("cpu_x86" in name for name in asked))

    def wide(self) -> list[WideInstruction]:
        """The wide instructions, by address."""
        guarded = self._guarded()
        found = []
        for address, (text, features) in sorted(self._walk.wide.items()):
            own = features - ({GUARDED_BY_CPUID} if self.can_check and text == "xgetbv" else set())
            function = self._function_of(address)
            if own:
                found.append(WideInstruction(address, text, own, function, function in guarded))
        return found

    def certain(self, start: int) -> WideInstruction | None:
        """The first wide instruction, or trap, that a call of the function at `start` executes whatever the CPU is."""
        pending, seen = [start], 0
        while pending and seen < _MOST_STRAIGHT:
            for instruction in self._decode(pending.pop()):
                seen += 1
                address = instruction.ip
                if ends_process(instruction):
                    return WideInstruction(
                        address, f"{instruction}", TRAP, self._function_of(address), is_guarded=False
                    )
                if address in self._walk.wide and instruction.mnemonic != iced_x86.Mnemonic.XGETBV:
                    text, features = self._walk.wide[address]
                    return WideInstruction(address, text, features, self._function_of(address), is_guarded=False)
                kind, target = instruction.flow_control, instruction.near_branch_target
                if kind == iced_x86.FlowControl.CALL and self._is_inside(target) and len(pending) < seen:
                    pending += [instruction.next_ip, target]
                    break
                if kind == iced_x86.FlowControl.UNCONDITIONAL_BRANCH and self._is_inside(target):
                    pending.append(target)
                    break
                if kind == iced_x86.FlowControl.RETURN:
                    break
                if kind in _ENDS or kind == iced_x86.FlowControl.CONDITIONAL_BRANCH or seen >= _MOST_STRAIGHT:
                    return None
        return None

    def _roots(self) -> set[int]:
        elf = self._elf
        called = {*elf.initialisers, *elf.finalisers, *elf.resolvers, *elf.code_pointers}
        entered = {one.value for one in elf.dynamic_symbols if one.is_defined and one.kind == "none"}
        # A section that no symbol leads into, such as .plt, is entered at its start; a whole segment is not.
        starts = {one.start for one in self._ranges} if elf.sections else set()
        return {address for address in {*self._names, *called, *entered, *starts} if self._is_inside(address)}

    def _follow(self, roots: Iterable[int]) -> None:
        pending = list(roots)
        while pending:
            for instruction in self._decode(pending.pop()):
                if instruction.ip in self._walk.ends:
                    break
                self._walk.ends[instruction.ip] = instruction.next_ip
                self._note(instruction)
                kind, target = instruction.flow_control, instruction.near_branch_target
                if kind in _BRANCHES or kind == iced_x86.FlowControl.CALL:
                    if self._is_inside(target):
                        pending.append(target)
                    self._note_variant(instruction)
                if kind in _ENDS:
                    break

    def _note(self, instruction: iced_x86.Instruction) -> None:
        walk, function = self._walk, self._function_of(instruction.ip)
        if instruction.mnemonic == iced_x86.Mnemonic.INVALID:
            walk.wide[instruction.ip] = ("bytes that are no known instruction", frozenset({UNKNOWN}))
            return
        if features := features_of_code(instruction.code):
            walk.wide[instruction.ip] = (f"{instruction}", features)
        if instruction.mnemonic == iced_x86.Mnemonic.CPUID:
            walk.asks.add(function)
        named = instruction.near_branch_target
        if instruction.is_ip_rel_memory_operand:
            named = instruction.ip_rel_memory_address
            walk.memory.setdefault(function, set()).add(named)
        if named and self._is_inside(named) and self._function_of(named) == named != function:
            walk.users.setdefault(named, set()).add(function)

    def _note_variant(self, instruction: iced_x86.Instruction) -> None:
        """Code outside enters a variant only through the table of the variant that was chosen for the CPU."""
        for one in self._variants:
            if one.start <= instruction.near_branch_target < one.end:
                text = f"{instruction}, in the variant {one.variant}"
                self._walk.wide[instruction.ip] = (text, features_of_variant(one.variant) or frozenset({UNKNOWN}))

    def _guarded(self) -> set[int]:
        """The functions that check the CPU, and those that only such functions call or take the address of."""
        walk = self._walk
        models = {one.value for one in self._elf.symbols if one.name in _CPU_MODELS and one.section}
        models |= {
            address for one in walk.asks for address in walk.memory.get(one, ()) if not self._elf.is_code(address)
        }
        found = set(walk.asks)
        found |= {one for one, named in walk.memory.items() if any(_is_near(address, models) for address in named)}
        entered = {*self._elf.initialisers, *self._elf.code_pointers, *(one.value for one in self._elf.exported)}
        while True:
            more = {one for one, users in walk.users.items() if one not in entered and users <= found} - found
            if not more:
                return found
            found |= more

    def _sweep_the_rest(self) -> None:
        """Look at what was not reached: bytes that read like code up to an instruction that ends it."""
        data = [(one.value, one.value + one.size) for one in self._elf.symbols if one.kind == "object" and one.section]
        data += [(one.value, one.value + one.size) for one in self._elf.dynamic_symbols if one.kind == "object"]
        for begin, end in list(self._gaps(sorted(data))):
            pending: list[iced_x86.Instruction] = []
            for instruction in self._decode(begin):
                if instruction.ip >= end or instruction.next_ip > end:
                    break
                if instruction.mnemonic == iced_x86.Mnemonic.INVALID:
                    pending = []
                    continue
                pending.append(instruction)
                if instruction.flow_control in _ENDS:
                    for one in pending:
                        self._note(one)
                    pending = []

    def _gaps(self, data: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """The bytes of the ranges that are neither reached code nor the data of a symbol."""
        taken = sorted([*self._walk.ends.items(), *data])
        index = 0
        for one in self._ranges:
            at = one.start
            while index < len(taken) and taken[index][0] < one.end:
                begin, end = taken[index]
                if begin > at >= one.start:
                    yield at, begin
                at = max(at, end)
                index += 1
            if at < one.end:
                yield at, one.end

    def _decode(self, address: int) -> Iterator[iced_x86.Instruction]:
        for one, content in zip(self._ranges, self._contents, strict=True):
            if one.start <= address < one.end:
                decoder = iced_x86.Decoder(BITS, content, ip=one.start)
                decoder.position, decoder.ip = address - one.start, address
                return iter(decoder)
        return iter(())

    def _is_inside(self, address: int) -> bool:
        return any(one.start <= address < one.end for one in self._ranges)

    def _function_of(self, address: int) -> int:
        return self._starts[max(bisect_right(self._starts, address) - 1, 0)]


def code_size(ranges: Iterable[CodeRange]) -> int:
    return sum(one.end - one.start for one in ranges if one.variant is None)


def _is_near(address: int, models: set[int]) -> bool:
    """Whether the address is in one of libgcc's structures of a few words."""
    return any(0 <= address - one < 64 for one in models)  # noqa: PLR2004  bytes
