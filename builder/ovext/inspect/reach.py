"""Which bytes of a library are code, and which code runs only after a check of the CPU.

Bytes in code that no path leads to are often data: tables, and bytes that are jumped over. So all code is followed from
where the loader and other code can enter it. Bytes that are not reached that way count as code if they read like code
up to an instruction that ends it, because a jump through a table leads to such places, too.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

import iced_x86
from iced_x86 import FlowControl

from ovext.errors import UnreadableFileError
from ovext.inspect.cpu_checks import CpuChecks
from ovext.inspect.functions import CodeRange, code_ranges, ends_process, function_starts
from ovext.inspect.instructions import (
    BITS,
    GUARDED_BY_CPUID,
    SAME_AS_BSF,
    UNKNOWN,
    features_of_code,
    features_of_variant,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ovext.inspect.elf import Elf

TRAP = frozenset({"a trap"})  # the "features" of an instruction that ends the process
_MOST_CODE = 1 << 20  # bytes; following more would take seconds
_MOST_CHECKED = 60_000  # instructions through which the checks of the CPU are followed
_MOST_STRAIGHT = 20_000  # instructions
_CPU_MODELS = {"__cpu_model"}  # where libgcc keeps what CPUID said
_LOADER_KNOWS = {"_rtld_global_ro", "_dl_x86_get_cpu_features"}
_NEVER_RETURN = {"abort", "exit", "_exit", "_Exit", "quick_exit", "__assert_fail", "__cxa_throw", "_ZSt9terminatev"}
_PERSONALITY = "__gxx_personality_v0"  # of functions with handlers of exceptions
_FILLERS = {iced_x86.Mnemonic.NOP, iced_x86.Mnemonic.INT3}
# RDSSP is a NOP without CET, so its result says whether the CPU has it.
_ASKING = {iced_x86.Mnemonic.CPUID, iced_x86.Mnemonic.RDSSPD, iced_x86.Mnemonic.RDSSPQ}
_ENDS = {
    FlowControl.RETURN,
    FlowControl.UNCONDITIONAL_BRANCH,
    FlowControl.INDIRECT_BRANCH,
    FlowControl.EXCEPTION,
}
_BRANCHES = {FlowControl.UNCONDITIONAL_BRANCH, FlowControl.CONDITIONAL_BRANCH}


@dataclass(frozen=True)
class WideInstruction:
    """An instruction beyond x86-64 in code outside the variants."""

    address: int
    text: str
    features: frozenset[str]
    function: int  # the address of the function that it belongs to
    is_guarded: bool  # it runs only after a check of the CPU that can be seen


class Reach:
    """All wide instructions of the code outside variants. `is_followed` says for which files.

    Raises:
        UnreadableFileError: the file is damaged.
    """

    def __init__(self, elf: Elf) -> None:
        self._elf = elf
        ranges = code_ranges(elf)
        self._swept = [one for one in ranges if one.variant is None]
        self._variants = [one for one in ranges if one.variant is not None]
        self._ranges = _segments_without(elf, self._variants)
        self._contents = [elf.at(one.start, one.end - one.start) for one in self._ranges]
        self._names = function_starts(elf)
        self._starts = sorted({*self._names, *(one.start for one in self._swept)})
        self._code: dict[int, iced_x86.Instruction] = {}
        self._wide: dict[int, tuple[str, frozenset[str]]] = {}
        self._asking: set[int] = set()  # functions that execute CPUID
        self._jumping: set[int] = set()  # functions with jumps through tables
        self._follow(self._roots())
        self._sweep_the_rest()

    @property
    def can_check(self) -> bool:
        """Whether anything in the library, or that it calls, asks what the CPU has."""
        return bool(self._asking) or may_ask(self._elf)

    def wide(self) -> list[WideInstruction]:
        """The wide instructions, by address."""
        harmless = {SAME_AS_BSF, GUARDED_BY_CPUID} if self.can_check else {SAME_AS_BSF}
        is_worth_it = self._asking and any(features - harmless for _, features in self._wide.values())
        checks = self._checks() if is_worth_it and len(self._code) <= _MOST_CHECKED else None
        found = []
        for address, (text, features) in sorted(self._wide.items()):
            function = self._function_of(address)
            own = features - ({GUARDED_BY_CPUID} if self.can_check and text == "xgetbv" else set())
            own -= {"CET_SS"} if function in self._asking else set()  # compilers ask RDSSP before INCSSP
            if own:
                is_guarded = checks is not None and own <= checks.proved_at(address)
                found.append(WideInstruction(address, text, own, function, is_guarded))
        return found

    def certain(self, start: int) -> WideInstruction | None:
        """The first wide instruction, or trap, that a call of the function at `start` executes whatever the CPU is."""
        pending, seen = [start], 0
        while pending and seen < _MOST_STRAIGHT:
            for instruction in self._decode(pending.pop()):
                seen += 1
                address = instruction.ip
                if ends_process(instruction):
                    return self._trap(instruction)
                text, features = self._wide.get(address, ("", frozenset()))
                if features - {SAME_AS_BSF}:
                    return WideInstruction(address, text, features, self._function_of(address), is_guarded=False)
                kind, target = instruction.flow_control, instruction.near_branch_target
                if target and self._imported(target) in _NEVER_RETURN:
                    return self._trap(instruction)
                if kind == FlowControl.CALL and self._is_inside(target) and len(pending) < seen:
                    pending += [instruction.next_ip, target]
                    break
                if kind == FlowControl.UNCONDITIONAL_BRANCH and self._is_inside(target):
                    pending.append(target)
                    break
                if kind == FlowControl.RETURN:
                    break
                if kind in _ENDS or kind == FlowControl.CONDITIONAL_BRANCH or seen >= _MOST_STRAIGHT:
                    return None
        return None

    def _trap(self, one: iced_x86.Instruction) -> WideInstruction:
        return WideInstruction(one.ip, f"{one}", TRAP, self._function_of(one.ip), is_guarded=False)

    def _imported(self, address: int) -> str | None:
        """The function of another library to which the code at the address only jumps."""
        for number, one in enumerate(self._decode(address)):
            if one.flow_control == FlowControl.INDIRECT_BRANCH and one.is_ip_rel_memory_operand:
                return self._elf.imported_at.get(one.ip_rel_memory_address)
            if number == 1 or one.flow_control != FlowControl.NEXT:  # at most ENDBR64 stands before it
                return None
        return None

    def possible(self, start: int) -> set[int]:
        """The addresses of all that a call of the function at `start` may execute."""
        pending: list[int] = [start]
        seen: set[int] = set()
        while pending:
            address = pending.pop()
            while address in self._code and address not in seen:
                seen.add(address)
                one = self._code[address]
                if one.flow_control in _BRANCHES or one.flow_control == FlowControl.CALL:
                    pending.append(one.near_branch_target)
                if one.flow_control in _ENDS:
                    break
                address = one.next_ip
        return seen

    def _roots(self) -> set[int]:
        elf = self._elf
        entered = {one.value for one in elf.dynamic_symbols if one.is_defined and one.kind == "none"}
        # A section that no symbol leads into, such as .plt, is entered at its start; a whole segment is not.
        starts = {one.start for one in self._swept} if elf.sections else set()
        return {address for address in {*self._names, *self._called(), *entered, *starts} if self._is_inside(address)}

    def _called(self) -> set[int]:
        """The functions that the loader calls, and those to which data points.

        An executable segment can hold data, too, but not a section of code.
        """
        elf = self._elf
        pointed_to = {one for one in elf.code_pointers if any(code.start <= one < code.end for code in self._swept)}
        return {*elf.initialisers, *elf.finalisers, *elf.resolvers, *pointed_to}

    def _follow(self, roots: Iterable[int]) -> None:
        pending = list(roots)
        while pending:
            before = None
            for instruction in self._decode(pending.pop()):
                if instruction.ip in self._code or self._is_padding(instruction, before):
                    break
                self._code[instruction.ip] = instruction
                self._note(instruction)
                kind, target = instruction.flow_control, instruction.near_branch_target
                if (kind in _BRANCHES or kind == FlowControl.CALL) and self._is_inside(target):
                    pending.append(target)
                if kind in _ENDS or ends_process(instruction):
                    break
                before = kind

    def _is_padding(self, instruction: iced_x86.Instruction, before: int | None) -> bool:
        """Whether it is no code: bytes behind a call that does not return, up to the next function."""
        following = bisect_right(self._starts, instruction.ip)
        crosses = following < len(self._starts) and self._starts[following] < instruction.next_ip
        return crosses or (instruction.is_invalid and before == FlowControl.CALL)

    def _note(self, instruction: iced_x86.Instruction) -> None:
        if instruction.is_invalid:
            self._wide[instruction.ip] = ("bytes that are no known instruction", frozenset({UNKNOWN}))
            return
        if features := features_of_code(instruction.code):
            self._wide[instruction.ip] = (f"{instruction}", features)
        entered = instruction.near_branch_target
        if instruction.mnemonic == iced_x86.Mnemonic.LEA and instruction.is_ip_rel_memory_operand:
            entered = instruction.ip_rel_memory_address
        for one in self._variants:  # code outside enters a variant only through the table of the chosen one
            if one.start <= entered < one.end:
                text = f"{instruction}, in the variant {one.variant}"
                self._wide[instruction.ip] = (text, features_of_variant(one.variant) or frozenset({UNKNOWN}))
        if instruction.mnemonic in _ASKING:
            self._asking.add(self._function_of(instruction.ip))
        if instruction.flow_control == FlowControl.INDIRECT_BRANCH:
            self._jumping.add(self._function_of(instruction.ip))

    def _checks(self) -> CpuChecks:
        elf = self._elf
        entered = self._called() | {one.value for one in elf.exported if elf.is_code(one.value)}
        models = {one.value for one in elf.symbols if one.name in _CPU_MODELS and one.is_defined}
        if not models:  # a stripped file: what the constructor that asks the CPU writes to
            asking = [one for address, one in self._code.items() if self._function_of(address) in self._asking]
            models = {one.ip_rel_memory_address for one in asking if one.is_ip_rel_memory_operand}
        return CpuChecks(self._code, entered, frozenset(models), self._is_zero)

    def _is_zero(self, address: int) -> bool:
        """Whether a variable is zero before any code has run."""
        try:
            return not any(self._elf.at(address, 4))
        except UnreadableFileError:
            return True  # it is beyond what the file fills

    def _sweep_the_rest(self) -> None:
        """Look at what was not reached: bytes that read like code up to an instruction that ends it."""
        data = [(one.value, one.value + one.size) for one in self._elf.symbols if one.kind == "object" and one.section]
        data += [(one.value, one.value + one.size) for one in self._elf.dynamic_symbols if one.kind == "object"]
        throws = any(one.name == _PERSONALITY for one in self._elf.undefined)
        for begin, end in list(self._gaps(sorted(data))):
            pending: list[iced_x86.Instruction] = []
            at = begin
            for instruction in self._decode(begin):
                if instruction.next_ip > end or instruction.is_invalid:
                    break
                pending.append(instruction)
                at = instruction.next_ip
                if instruction.flow_control in _ENDS:
                    self._note_all(pending)
                    pending = []
            # Jumps through tables and handlers of exceptions lead to code that goes on into what was reached of the
            # same function; a handler can also end with a call.
            while pending and pending[-1].mnemonic in _FILLERS:
                pending.pop()
            joins = (throws or self._function_of(begin) in self._jumping) and end not in self._names
            if pending and at == end and (joins or (throws and pending[-1].flow_control == FlowControl.CALL)):
                self._note_all(pending)

    def _note_all(self, instructions: Iterable[iced_x86.Instruction]) -> None:
        for one in instructions:
            self._note(one)

    def _gaps(self, data: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """The bytes of the code that are neither reached nor the data of a symbol."""
        taken = sorted([*((one.ip, one.next_ip) for one in self._code.values()), *data])
        index = 0
        for one in self._swept:
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
        return self._starts[max(bisect_right(self._starts, address) - 1, 0)] if self._starts else address


def may_ask(elf: Elf) -> bool:
    """Whether the library calls or reads something outside that says what the CPU has."""
    names = {one.name for one in elf.undefined}
    return "getauxval" in names or bool(names & _LOADER_KNOWS) or any("cpu" in name.lower() for name in names)


def _segments_without(elf: Elf, variants: list[CodeRange]) -> list[CodeRange]:
    """The executable segments without the code of variants."""
    found = []
    for segment in elf.segments_of("load"):
        at, end = segment.address, segment.address + segment.file_size
        if not segment.is_executable:
            continue
        for one in sorted(variants):
            if at <= one.start < end:
                found.append(CodeRange(at, one.start, None))
                at = one.end
        found.append(CodeRange(at, end, None))
    return [one for one in found if one.start < one.end]


def code_size(elf: Elf) -> int:
    """The bytes of code outside variants."""
    return sum(one.end - one.start for one in code_ranges(elf) if one.variant is None)


def is_followed(elf: Elf) -> bool:
    """Whether the library is small enough for its code to be followed."""
    return code_size(elf) <= _MOST_CODE
