"""Findings about instructions: which of them need more than x86-64, and what runs them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ovext.findings import Level
from ovext.inspect.functions import first_instruction
from ovext.inspect.instructions import (
    CPUS,
    GUARDED_BY_CPUID,
    SAME_AS_BSF,
    UNKNOWN,
    features_of_code,
    features_of_cpu,
    features_of_variant,
    fuses,
)
from ovext.inspect.openvino_symbols import ENTRY_POINT
from ovext.inspect.reach import TRAP, Reach, WideInstruction, is_followed, may_ask
from ovext.inspect.report import LibraryFinding, VariantCode, some

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ovext.inspect.elf import Elf
    from ovext.inspect.functions import Function
    from ovext.inspect.system import System

_SHOWN = 3


def code_findings(
    elf: Elf, functions: Sequence[Function], variants: Iterable[str], systems: Sequence[System]
) -> list[LibraryFinding]:
    """Findings about instructions that code outside variants must not have, or that a variant's row does not allow."""
    code = OutsideVariants(elf, functions)
    certain = [*_at_load(code, systems), *_in_entry(code, systems)]
    return [
        *_beyond_variants(elf, functions, systems),
        *certain,
        *(_leaks(code, systems) if variants else [] if certain else _whole_file(code, functions, systems)),
        *_guarded(code),
        *_like_bsf(code),
    ]


class OutsideVariants:
    """The wide instructions of the code outside variants: followed, or swept function by function if it is large."""

    def __init__(self, elf: Elf, functions: Sequence[Function]) -> None:
        self.elf = elf
        self.functions = [function for function in functions if function.variant is None]
        self._starts = {function.start: function for function in functions}
        self.reach = Reach(elf) if is_followed(elf) else None
        if self.reach:
            found, self.can_check = self.reach.wide(), self.reach.can_check
        else:
            found = [one for function in self.functions if (one := _unplaced(function))]
            self.can_check = any(function.asks_cpu for function in self.functions) or may_ask(elf)
        self.like_bsf = [one for one in found if one.features == {SAME_AS_BSF}]
        self.wide = [one for one in found if one.features - {SAME_AS_BSF}]

    def name_at(self, start: int) -> str:
        function = self._starts.get(start)
        return function.readable_name if function else f"a function without a symbol at {start:#x}"

    def is_of_variant(self, start: int) -> bool:
        return start in self._starts and self._starts[start].variant is not None

    def features_at(self, start: int) -> frozenset[str]:
        """What the variant needs to which the function at `start` belongs."""
        return features_of_variant(self._starts[start].variant)

    def place(self, one: WideInstruction) -> str:
        if not one.text:
            one = _placed(self.elf, one, self._starts[one.function].end)
        name, at = self.name_at(one.function), f" at {one.address:#x}"
        return f"{name.removesuffix(at)}{at}: {one.text}"


def fused_findings(elf: Elf, functions: Iterable[Function]) -> list[LibraryFinding]:
    """Findings about fused multiply-adds in variants, whose results then differ from those of other variants."""
    fix = 'Write the expression otherwise, or say fp-contract = "fast" in [tool.ovext].'
    found = []
    for function in functions:
        if function.variant and function.fuses:
            first = first_instruction(elf, function.start, function.end, fuses)
            text = f"the variant {function.variant} fuses a multiplication with an addition: {function.readable_name}"
            text += f" at {first.address:#x}: {first.text}" if first else ""
            found.append(LibraryFinding("fused", Level.ERROR, text, fix, where=function.readable_name))
    return found


def instruction_sets(functions: Iterable[Function]) -> dict[str, int]:
    """How many functions need nothing beyond x86-64, and how many need each feature."""
    counts = {"baseline": 0}
    for function in functions:
        for feature in function.features - {SAME_AS_BSF} or ("baseline",):
            counts[feature] = counts.get(feature, 0) + 1
    return dict(sorted(counts.items()))


def variant_code(functions: Sequence[Function], variants: Iterable[str]) -> dict[str, VariantCode]:
    """For each variant, how many functions it has and how large their code is."""
    code = {}
    for variant in variants:
        own = [function for function in functions if function.variant == variant]
        code[variant] = VariantCode(len(own), sum(function.end - function.start for function in own))
    return code


def _unplaced(function: Function) -> WideInstruction | None:
    """What a function needs that was swept, without the place of the first instruction that needs it."""
    wide = function.features - {GUARDED_BY_CPUID, SAME_AS_BSF}
    return WideInstruction(function.start, "", wide, function.start, is_guarded=False) if wide else None


def _placed(elf: Elf, one: WideInstruction, end: int) -> WideInstruction:
    first = first_instruction(elf, one.function, end, lambda code: bool(features_of_code(code) & one.features))
    return replace(one, address=first.address, text=first.text) if first else one


def _beyond_variants(elf: Elf, functions: Iterable[Function], systems: Sequence[System]) -> Iterator[LibraryFinding]:
    fix = "Compile kernels with the flags of isa.json only."

    def is_beyond(code: int) -> bool:
        return bool(features_of_code(code) & beyond)

    for function in functions:
        beyond = function.features - features_of_variant(function.variant) - {SAME_AS_BSF}
        if function.variant is None or not beyond:
            continue
        first = first_instruction(elf, function.start, function.end, is_beyond)
        needs, place = ", ".join(sorted(beyond)), f" at {first.address:#x}: {first.text}" if first else ""
        text = f"the variant {function.variant} needs {needs}, which its row of the table does not allow: "
        text += function.readable_name + place
        row = features_of_variant(function.variant)
        chosen = [system for system in systems if not system.is_here or row <= system.features]
        targets = _lacking(chosen, beyond)
        level = Level.ERROR if targets or not systems else Level.WARNING
        yield LibraryFinding("beyond-variant", level, text, fix, where=function.readable_name, targets=targets or None)


def _leaks(code: OutsideVariants, systems: Sequence[System]) -> Iterator[LibraryFinding]:
    fix = "Compile it without options such as -march=native, or move it into kernel.cpp."
    by_function: dict[int, list[WideInstruction]] = {}
    for one in code.wide:
        if not one.is_guarded:
            by_function.setdefault(one.function, []).append(one)
    for one, *others in by_function.values():
        needed = one.features.union(*(other.features for other in others)) - {SAME_AS_BSF}
        text = f"code outside the variants needs {', '.join(sorted(needed))}: {code.place(one)}"
        where, targets = code.name_at(one.function), _lacking(systems, needed)
        level = Level.ERROR if targets or not systems else Level.WARNING
        yield LibraryFinding("leak", level, text, fix, where=where, targets=targets or None)


def _whole_file(
    code: OutsideVariants, functions: Sequence[Function], systems: Sequence[System]
) -> Iterator[LibraryFinding]:
    """For a file without ovext's variants: what it needs is known, but not always what runs only after a check."""
    open_ = [one for one in code.wide if not one.is_guarded]
    if not open_:
        return
    needed = frozenset(feature for one in open_ for feature in one.features) - {SAME_AS_BSF}
    wide = {one.function for one in open_}
    share = "as a whole" if len(wide) * 2 > len(functions) else f"in {len(wide)} of {len(functions)} functions"
    text = f"it needs more than x86-64 {share}: {', '.join(sorted(needed))}; first in {code.place(open_[0])}"
    if code.can_check:
        text += "; whether a check of the CPU stands before each is not known"
        where, targets = code.name_at(open_[0].function), _lacking(systems, needed)
        yield LibraryFinding("wide-code", Level.NOTE, text, where=where, targets=targets or None)
    elif targets := _lacking(systems, needed):
        text += "; nothing in it checks the CPU"
        yield LibraryFinding(
            "wide-code", Level.ERROR, text, _fix(needed), where=code.name_at(open_[0].function), targets=targets
        )


def _at_load(code: OutsideVariants, systems: Sequence[System]) -> Iterator[LibraryFinding]:
    """What runs before anything of the library could check the CPU."""
    wide = {one.address: one for one in code.wide if not one.is_guarded}
    needed: set[str] = set()
    names = []
    for start in dict.fromkeys((*code.elf.initialisers, *code.elf.resolvers)):
        one = code.reach.certain(start) if code.reach else None
        if one is None and code.reach and (possible := wide.keys() & code.reach.possible(start)):
            one = wide[min(possible)]
        if one and one.features == TRAP:
            text = f"it ends the process when it loads: {code.place(one)}"
            fix = "Let its constructors return."
            yield LibraryFinding("entry-point-throws", Level.ERROR, text, fix, where=code.name_at(one.function))
            continue
        if one is None and not code.is_of_variant(start):
            continue
        needed |= one.features - {SAME_AS_BSF} if one else code.features_at(start)
        names.append(code.place(one) if one else code.name_at(start))
    targets = _lacking(systems, frozenset(needed))
    if not targets:
        return
    text = f"it runs wide instructions when it loads, before any check of the CPU: {some(names, _SHOWN)}"
    fix = "Compile it without options such as -march=native, and a kernel without ifunc and target_clones."
    yield LibraryFinding(
        "wide-initialiser", Level.ERROR, text, fix, where=names[0].partition(" at ")[0], targets=targets
    )


def _in_entry(code: OutsideVariants, systems: Sequence[System]) -> Iterator[LibraryFinding]:
    """What OpenVINO runs in any case when it adds the extension."""
    entry = next((one.value for one in code.elf.exported if one.name == ENTRY_POINT), None)
    if entry is not None and code.is_of_variant(entry) and (targets := _lacking(systems, code.features_at(entry))):
        text = f"{ENTRY_POINT} is code of a variant, and runs before any check of the CPU"
        yield LibraryFinding("wide-entry", Level.ERROR, text, "Move it out.", where=ENTRY_POINT, targets=targets)
    one = code.reach.certain(entry) if code.reach and entry is not None and code.elf.is_code(entry) else None
    if one and one.features == TRAP:
        text = f"{ENTRY_POINT} ends the process: {code.place(one)}"
        fix = "Let it add the ops to the vector and return."
        yield LibraryFinding("entry-point-throws", Level.ERROR, text, fix, where=code.name_at(one.function))
        return
    needed = one.features - {SAME_AS_BSF} if one else frozenset()
    if one and needed and (targets := _lacking(systems, needed)):
        text = f"{ENTRY_POINT} runs {', '.join(sorted(needed))} before any check of the CPU: {code.place(one)}"
        where = code.name_at(one.function)
        yield LibraryFinding("wide-entry", Level.ERROR, text, _fix(needed), where=where, targets=targets)


def _guarded(code: OutsideVariants) -> Iterator[LibraryFinding]:
    guarded = [one for one in code.wide if one.is_guarded]
    if guarded:
        names = list(dict.fromkeys(code.name_at(one.function) for one in guarded))
        features = sorted({feature for one in guarded for feature in one.features})
        text = f"it runs {', '.join(features)} only after a check of the CPU: {some(names, _SHOWN)}"
        yield LibraryFinding("guarded", Level.NOTE, text, where=names[0])


def _like_bsf(code: OutsideVariants) -> Iterator[LibraryFinding]:
    if code.like_bsf:
        one = code.like_bsf[0]
        text = (
            f"{len(code.like_bsf)} TZCNT run as BSF on a CPU without BMI1, which gives another result for 0: first in "
        )
        yield LibraryFinding("tzcnt", Level.NOTE, text + code.place(one), where=code.name_at(one.function))


def _lacking(systems: Sequence[System], needed: frozenset[str]) -> tuple[str, ...]:
    """Where the CPU may lack one of the features."""
    return tuple(system.id for system in systems if not needed <= system.features)


def _fix(needed: frozenset[str]) -> str:
    least = next((name for name in CPUS if needed <= features_of_cpu(name)), None)
    if UNKNOWN in needed or least is None:
        return "Compile it for x86-64, or check the CPU before it runs."
    return (
        f"Compile it for x86-64, or use `ovext inspect --cpu {least}` if every CPU that will run it is at least that."
    )
