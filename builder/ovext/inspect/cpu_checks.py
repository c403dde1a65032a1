"""Which CPU features the code has proved before each instruction: a data flow from CPUID to the branches behind it.

Known are CPUID's own bits, the bits that libgcc keeps in __cpu_model, and variables that hold such a bit. A feature is
proved on the side of a branch where its bit is set. What reaches an instruction on several ways is proved only if it is
on each. A function pointer counts where it leaves the function that takes it: a resolver of the loader (ifunc) returns
it on the side of a branch, or chosen by CMOV.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import iced_x86
from iced_x86 import ConditionCode, FlowControl, Mnemonic, OpKind, Register

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_NOTHING: frozenset[str] = frozenset()
_MODEL_WORD = 12  # bytes from the start of __cpu_model to its first word of features
# The bits of that word (gcc/common/config/i386/i386-cpuinfo.h), and those of CPUID (Intel's and AMD's manuals).
_MODEL_BITS = {
    2: "POPCNT",
    5: "SSE3",
    6: "SSSE3",
    7: "SSE4_1",
    8: "SSE4_2",
    9: "AVX",
    10: "AVX2",
    11: "SSE4A",
    12: "FMA4",
    13: "XOP",
    14: "FMA",
    15: "AVX512F",
    16: "BMI1",
    17: "BMI2",
    18: "AES",
    19: "PCLMULQDQ",
    20: "AVX512VL",
    21: "AVX512BW",
    22: "AVX512DQ",
    23: "AVX512CD",
    26: "AVX512_VBMI",
    27: "AVX512_IFMA",
}
_CPUID_BITS = {
    (1, Register.RCX): {
        0: "SSE3",
        1: "PCLMULQDQ",
        9: "SSSE3",
        12: "FMA",
        13: "CMPXCHG16B",
        19: "SSE4_1",
        20: "SSE4_2",
        22: "MOVBE",
        23: "POPCNT",
        25: "AES",
        27: "XSAVE",
        28: "AVX",
        29: "F16C",
        30: "RDRAND",
    },
    (7, Register.RBX): {
        0: "FSGSBASE",
        3: "BMI1",
        5: "AVX2",
        8: "BMI2",
        16: "AVX512F",
        17: "AVX512DQ",
        18: "RDSEED",
        19: "ADX",
        21: "AVX512_IFMA",
        23: "CLFLUSHOPT",
        24: "CLWB",
        28: "AVX512CD",
        29: "SHA",
        30: "AVX512BW",
        31: "AVX512VL",
    },
    (7, Register.RCX): {1: "AVX512_VBMI", 8: "GFNI", 9: "VAES", 10: "VPCLMULQDQ", 11: "AVX512_VNNI"},
    (0x80000001, Register.RCX): {0: "LAHF_SAHF", 5: "LZCNT"},
}
# Every CPU with the first feature has the others, too.
_IMPLIED = {
    "SSSE3": {"SSE3"},
    "SSE4_1": {"SSSE3"},
    "SSE4_2": {"SSE4_1"},
    "AVX": {"SSE4_2", "XSAVE"},
    "F16C": {"AVX"},
    "FMA": {"AVX"},
    "AVX2": {"AVX"},
    "AVX512F": {"AVX2", "FMA", "F16C"},
    **{f"AVX512{name}": {"AVX512F"} for name in ("VL", "BW", "DQ", "CD", "_VBMI", "_IFMA", "_VNNI")},
}
_ARGUMENTS = (Register.RDI, Register.RSI, Register.RDX, Register.RCX, Register.R8, Register.R9)
_LOST_IN_CALLS = frozenset((*_ARGUMENTS, Register.RAX, Register.R10, Register.R11))
_SHIFTS = {Mnemonic.SHR, Mnemonic.SAR}
_MOVES = {Mnemonic.MOV, Mnemonic.MOVZX, Mnemonic.MOVSX, Mnemonic.MOVSXD}
_E, _NE, _B, _AE = (int(code) for code in (ConditionCode.E, ConditionCode.NE, ConditionCode.B, ConditionCode.AE))
_RUNS = 4
_ALL_BITS = (1 << 64) - 1


class Bits(NamedTuple):
    """A value that is made of bits which stand for features: (word >> shift) & mask."""

    names: tuple[tuple[int, str], ...]
    shift: int
    mask: int

    def masked(self, mask: int) -> Bits:
        return self._replace(mask=self.mask & mask)

    def shifted(self, count: int) -> Bits:
        return self._replace(shift=self.shift + count, mask=self.mask >> count)

    def if_all(self) -> frozenset[str]:
        """What is proved if every bit of the mask is set."""
        names = dict(self.names)
        places = [bit for bit in range(64) if self.mask >> bit & 1]
        return frozenset(names[bit + self.shift] for bit in places if bit + self.shift in names)

    def if_any(self) -> frozenset[str]:
        """What is proved if the value is not zero."""
        return self.if_all() if self.mask.bit_count() == 1 else _NOTHING


class Constant(NamedTuple):
    number: int


class Address(NamedTuple):
    """An address of data."""

    place: int


class Pointers(NamedTuple):
    """One of several functions: its address, what is proved if it is that one, and the instruction that took it."""

    to: frozenset[tuple[int, frozenset[str], int]]

    def with_proved(self, more: frozenset[str]) -> Pointers:
        return Pointers(frozenset((place, names | more, taken) for place, names, taken in self.to))


Value = Bits | Constant | Address | Pointers


class Flags(NamedTuple):
    """What is proved if a flag of the CPU is so."""

    not_zero: frozenset[str] = _NOTHING
    zero: frozenset[str] = _NOTHING
    carry: frozenset[str] = _NOTHING

    def if_condition(self, code: int) -> frozenset[str]:
        return {_NE: self.not_zero, _E: self.zero, _B: self.carry}.get(code, _NOTHING)

    def if_not(self, code: int) -> frozenset[str]:
        return {_E: self.not_zero, _NE: self.zero, _AE: self.carry}.get(code, _NOTHING)


_NO_FLAGS = Flags()


@dataclass(frozen=True)
class Known:
    """What is known before an instruction."""

    proved: frozenset[str] = _NOTHING
    values: Mapping[int, Value] = field(default_factory=dict)  # by register
    flags: Flags = _NO_FLAGS

    def joined(self, other: Known) -> Known:
        values = {one: value for one, value in self.values.items() if other.values.get(one) == value}
        for name in self.values.keys() & other.values.keys():
            one, two = self.values[name], other.values[name]
            if isinstance(one, Pointers) and isinstance(two, Pointers):
                values[name] = Pointers(one.with_proved(self.proved).to | two.with_proved(other.proved).to)
        flags = self.flags if self.flags == other.flags else _NO_FLAGS
        return Known(self.proved & other.proved, values, flags)


class CpuChecks:
    """The features that are proved before each instruction.

    Args:
        code: every instruction that is reached, by address.
        roots: where code is entered with nothing proved.
        models: the addresses at which __cpu_model may be; it is where some code writes the features.
        is_zero: whether the eight bytes at an address are zero when the library loads.
    """

    def __init__(
        self,
        code: Mapping[int, iced_x86.Instruction],
        roots: Iterable[int],
        models: frozenset[int],
        is_zero: Callable[[int], bool],
    ) -> None:
        self._code = code
        self._models = models
        self._is_zero = is_zero
        self._registers = iced_x86.InstructionInfoFactory()
        self._variables: dict[int, Value | None] = {}
        roots = set(roots)
        for _ in range(_RUNS):  # what a run learns of variables, and of pointers that get lost, holds in the next
            self._states: dict[int, Known] = {}
            self._stored: dict[int, Value | None] = {}
            self._followed: set[int] = set()  # the instructions whose pointer reached a call or left its function
            self._run(roots)
            lost = self._lost()
            if self._variables == self._stored and lost <= roots:
                return
            self._variables = self._stored
            roots |= lost
        self._states = {}  # too much is not understood: nothing is proved

    def proved_at(self, address: int) -> frozenset[str]:
        """The features that every way to the instruction has proved, and those that follow from them."""
        state = self._states.get(address)
        found: set[str] = set()
        pending = list(state.proved) if state else []
        while pending:
            one = pending.pop()
            if one not in found:
                found.add(one)
                pending += _IMPLIED.get(one, ())
        return frozenset(found)

    def _lost(self) -> set[int]:
        """The functions whose address is taken, and then used in a way that is not understood."""
        taking = (self._code[address] for address in self._states if address not in self._followed)
        places = (
            one.ip_rel_memory_address for one in taking if one.mnemonic == Mnemonic.LEA and one.is_ip_rel_memory_operand
        )
        return {place for place in places if place in self._code}

    def _run(self, roots: Iterable[int]) -> None:
        self._pending = [address for address in roots if self._enter(address, Known())]
        while self._pending:
            address = self._pending.pop()
            instruction = self._code[address]
            for target, state in self._after(instruction, self._states[address]):
                if self._enter(target, state):
                    self._pending.append(target)

    def _enter(self, address: int, state: Known) -> bool:
        """Join the state with what is known there; whether that changed anything."""
        if address not in self._code:
            return False
        known = self._states.get(address)
        joined = state if known is None else known.joined(state)
        self._states[address] = joined
        return joined != known

    def _after(self, one: iced_x86.Instruction, state: Known) -> Iterator[tuple[int, Known]]:
        kind, target = one.flow_control, one.near_branch_target
        if kind == FlowControl.CONDITIONAL_BRANCH:
            taken, other = state.flags.if_condition(one.condition_code), state.flags.if_not(one.condition_code)
            yield target, replace(state, proved=state.proved | taken)
            yield one.next_ip, replace(state, proved=state.proved | other)
        elif kind == FlowControl.UNCONDITIONAL_BRANCH:
            yield target, state
            if target not in self._code:
                yield from self._escaping(state, _ARGUMENTS)
        elif kind in {FlowControl.CALL, FlowControl.INDIRECT_CALL}:
            yield target, Known(state.proved)
            yield from self._escaping(state, _ARGUMENTS if kind == FlowControl.CALL else state.values)
            kept = {name: value for name, value in state.values.items() if name not in _LOST_IN_CALLS}
            yield one.next_ip, Known(state.proved, kept)
        elif kind == FlowControl.RETURN:
            yield from self._escaping(state, [Register.RAX])
        elif kind == FlowControl.INDIRECT_BRANCH:
            yield from self._escaping(state, state.values)
        elif kind != FlowControl.EXCEPTION:
            if one.op_count and one.op0_kind == OpKind.MEMORY:
                yield from self._store(one, state)
            yield one.next_ip, self._changed(one, state)

    def _escaping(self, state: Known, registers: Iterable[int]) -> Iterator[tuple[int, Known]]:
        """The functions to which these registers point, with what is proved where they are called."""
        for register in registers:
            value = state.values.get(register)
            for target, proved, taken in value.to if isinstance(value, Pointers) else ():
                self._followed.add(taken)
                yield target, Known(state.proved | proved)

    def _store(self, one: iced_x86.Instruction, state: Known) -> Iterator[tuple[int, Known]]:
        if one.op_count < 2 or one.mnemonic in {Mnemonic.CMP, Mnemonic.TEST, Mnemonic.BT}:  # noqa: PLR2004  operands
            return
        value = self._operand(one, 1, state) if one.mnemonic == Mnemonic.MOV else None
        if isinstance(value, Pointers):
            yield from self._escaping(state, [iced_x86.RegisterExt.full_register(one.op1_register)])
        place = self._place(one, state)
        if place is None:
            return
        if isinstance(value, Constant) and value.number == 0:
            return
        before = self._stored.get(place, value)
        self._stored[place] = value if isinstance(value, Bits) and before == value else None

    def _changed(self, one: iced_x86.Instruction, state: Known) -> Known:
        values = dict(state.values)
        written = {
            iced_x86.RegisterExt.full_register(used.register)
            for used in self._registers.info(one).used_registers()
            if used.access not in {iced_x86.OpAccess.READ, iced_x86.OpAccess.COND_READ, iced_x86.OpAccess.NONE}
        }
        for register in written:
            values.pop(register, None)
        if one.mnemonic == Mnemonic.CPUID:
            values |= self._cpuid(state)
        elif one.op_count and one.op0_kind == OpKind.REGISTER:
            value = self._result(one, state)
            if value is not None:
                values[iced_x86.RegisterExt.full_register(one.op0_register)] = value
        flags = self._new_flags(one, state) if one.rflags_modified else state.flags
        return Known(state.proved, values, flags)

    def _cpuid(self, state: Known) -> dict[int, Value]:
        leaf = state.values.get(Register.RAX)
        if not isinstance(leaf, Constant):
            return {}
        registers = (Register.RAX, Register.RBX, Register.RCX, Register.RDX)
        named = {one: _CPUID_BITS.get((leaf.number, one), {}) for one in registers}
        return {one: Bits(tuple(names.items()), 0, 0xFFFFFFFF) for one, names in named.items() if names}

    def _result(self, one: iced_x86.Instruction, state: Known) -> Value | None:
        """What the instruction's first operand holds afterwards."""
        if one.mnemonic == Mnemonic.LEA:
            return self._taken(one, state)
        if one.mnemonic in _MOVES:
            return self._operand(one, 1, state)
        if one.mnemonic in {Mnemonic.XOR, Mnemonic.SUB} and one.op1_kind == OpKind.REGISTER:
            return Constant(0) if one.op0_register == one.op1_register else None
        first, number = self._operand(one, 0, state), self._operand(one, 1, state)
        if isinstance(first, Bits) and isinstance(number, Constant):
            if one.mnemonic == Mnemonic.AND:
                return first.masked(number.number)
            return first.shifted(number.number) if one.mnemonic in _SHIFTS else None
        return self._chosen(one, state) if one.condition_code != ConditionCode.NONE else None

    def _taken(self, one: iced_x86.Instruction, state: Known) -> Value | None:
        """The address that LEA takes."""
        place = self._place(one, state)
        if place is None:
            return None
        return Pointers(frozenset({(place, _NOTHING, one.ip)})) if place in self._code else Address(place)

    def _chosen(self, one: iced_x86.Instruction, state: Known) -> Value | None:
        """The result of SETcc and CMOVcc."""
        proved, other = state.flags.if_condition(one.condition_code), state.flags.if_not(one.condition_code)
        if one.op_count == 1:
            return Bits(tuple(enumerate(sorted(proved))), 0, 1) if len(proved) == 1 else None
        old, new = self._operand(one, 0, state), self._operand(one, 1, state)
        if isinstance(old, Pointers) and isinstance(new, Pointers):
            return Pointers(old.with_proved(other).to | new.with_proved(proved).to)
        return None

    def _new_flags(self, one: iced_x86.Instruction, state: Known) -> Flags:
        first, second = self._operand(one, 0, state), self._operand(one, 1, state)
        if not isinstance(first, Bits):
            return _NO_FLAGS
        if isinstance(second, Constant):
            return _flags_with_number(one.mnemonic, first, second.number)
        is_itself = one.mnemonic in {Mnemonic.TEST, Mnemonic.AND} and first == second
        return Flags(not_zero=first.if_any()) if is_itself else _NO_FLAGS

    def _operand(self, one: iced_x86.Instruction, index: int, state: Known) -> Value | None:
        if index >= one.op_count:
            return None
        kind = one.op_kind(index)
        if kind == OpKind.REGISTER:
            value = state.values.get(iced_x86.RegisterExt.full_register(one.op_register(index)))
            size = iced_x86.RegisterExt.size(one.op_register(index))
            is_high = one.op_register(index) in {Register.AH, Register.BH, Register.CH, Register.DH}
            if isinstance(value, Bits):
                value = value.shifted(8) if is_high else value
                return value.masked((1 << 8 * size) - 1)
            return None if is_high else value
        if kind == OpKind.MEMORY:
            place = self._place(one, state)
            return None if place is None else self._loaded(place, iced_x86.MemorySizeExt.size(one.memory_size))
        return Constant(one.immediate(index)) if OpKind.IMMEDIATE8 <= kind <= OpKind.IMMEDIATE32TO64 else None

    def _place(self, one: iced_x86.Instruction, state: Known) -> int | None:
        """The address of the memory operand, if it is known."""
        if one.is_ip_rel_memory_operand:
            return one.ip_rel_memory_address
        base = state.values.get(one.memory_base)
        if isinstance(base, Address) and one.memory_index == Register.NONE:
            return (base.place + one.memory_displacement) & _ALL_BITS
        return None

    def _loaded(self, place: int, size: int) -> Value | None:
        value = self._variables.get(place)
        if isinstance(value, Bits):
            return value if self._is_zero(place) else None
        for model in self._models:
            offset = place - model - _MODEL_WORD
            if offset >= 0 and offset + size <= 4 and model + _MODEL_WORD in self._variables:  # noqa: PLR2004  bytes
                return Bits(tuple(_MODEL_BITS.items()), 8 * offset, (1 << 8 * size) - 1)
        return None


def _flags_with_number(mnemonic: int, value: Bits, number: int) -> Flags:
    if mnemonic == Mnemonic.BT:
        return Flags(carry=value.masked(1 << (number & 63)).if_any())
    if mnemonic in {Mnemonic.TEST, Mnemonic.AND}:
        return Flags(not_zero=value.masked(number).if_any())
    if mnemonic in _SHIFTS:
        return Flags(not_zero=value.shifted(number).if_any())
    if mnemonic == Mnemonic.CMP and number == 0:
        return Flags(not_zero=value.if_any())
    is_all = mnemonic == Mnemonic.CMP and number & _ALL_BITS == value.mask
    return Flags(zero=value.if_all()) if is_all else _NO_FLAGS
