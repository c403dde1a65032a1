"""Findings about the file itself: what it exports, how it is linked, which instructions it holds where."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ovext.findings import Finding, Level
from ovext.inspect.demangle import demangle
from ovext.inspect.findings import VariantCode, some
from ovext.inspect.functions import Function, features_allowed_in, first_instruction, reached_from, variant_of
from ovext.inspect.openvino import ENTRY_POINT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ovext.inspect.elf import Elf

_AGREED_EXPORTS = {ENTRY_POINT, "ovext_active_isa"}
_PROVIDED = re.compile(
    r"(libopenvino(_\w+)?|libtbb(malloc)?|libstdc\+\+|libgcc_s|libc|libm|libpthread|libdl|librt|ld-linux-x86-64)\.so[.\d]*"
)
_TABLE = "7kernelsE"  # `kernels` in some namespace, mangled
_LARGEST_TABLE = 1 << 16
_SHOWN = 3
_LONGEST_NAME = 90


def file_findings(elf: Elf) -> list[Finding]:
    """Exports, dependencies, run path, hardening."""
    return [*_exports(elf), *_dependencies(elf), *_run_path(elf), *_hardening(elf), *_debug_info(elf)]


def instruction_findings(elf: Elf, functions: Sequence[Function], variants: dict[str, VariantCode]) -> list[Finding]:
    """Instructions that code outside a variant, or a variant beyond its row, must not have."""
    if not variants:
        return _whole_file(functions)
    if not elf.symbols:
        text = "its symbols are stripped, so its variants cannot be told from the rest of its code"
        return [Finding("stripped", Level.NOTE, text, "Inspect it before it is stripped.")]
    leaks = [finding for function in functions for finding in _leak(elf, function)]
    return [*_initialisers(elf, functions), *leaks, *_unreached(variants)]


def object_findings(elf: Elf) -> list[Finding]:
    """What an object file with the kernels of one variant must not hold."""
    findings = []
    weak = [symbol.name for symbol in elf.symbols if symbol.binding == "weak" and symbol.is_defined]
    if weak:
        text = f"a variant defines code that the linker may use elsewhere: {_some(map(demangle, weak))}"
        findings.append(
            Finding("weak-in-variant", Level.ERROR, text, "Keep inline functions of headers out of kernel.cpp.")
        )
    if any(section.name.startswith((".init_array", ".ctors", ".preinit_array")) for section in elf.sections):
        text = "a variant has a static initialiser, which would run before the CPU is asked"
        findings.append(
            Finding("initialiser-in-variant", Level.ERROR, text, "Use constants that need no code at start-up.")
        )
    return findings


def instruction_sets(functions: Iterable[Function]) -> dict[str, int]:
    """How many functions need nothing beyond x86-64, and how many need each feature."""
    counts = {"baseline": 0}
    for function in functions:
        for feature in function.features or ("baseline",):
            counts[feature] = counts.get(feature, 0) + 1
    return dict(sorted(counts.items()))


def variant_code(elf: Elf, functions: Sequence[Function], variants: Iterable[str]) -> dict[str, VariantCode]:
    """For each variant, its functions and how many of them its kernel tables lead to, directly or through calls."""
    reached = reached_from(elf, functions, _table_entries(elf))
    found = {}
    for isa in variants:
        own = [function for function in functions if variant_of(function) == isa]
        found[isa] = VariantCode(len(own), sum(1 for function in own if function.start in reached))
    return found


def _table_entries(elf: Elf) -> set[int]:
    """The functions that the kernel tables of all variants point at."""
    tables = [symbol for symbol in elf.symbols if symbol.name.endswith(_TABLE) and symbol.is_defined]
    places = [
        place for table in tables for place in range(table.value, table.value + min(table.size, _LARGEST_TABLE), 8)
    ]
    return {elf.relative_relocations[place] for place in places if place in elf.relative_relocations}


def _exports(elf: Elf) -> list[Finding]:
    unique = [symbol.name for symbol in elf.exported if symbol.binding == "unique"]
    others = [
        symbol.name for symbol in elf.exported if symbol.name not in _AGREED_EXPORTS and symbol.binding != "unique"
    ]
    findings = []
    if unique:
        text = (
            f"symbols shared with every other library of the process (STB_GNU_UNIQUE): {_some(map(demangle, unique))}"
        )
        findings.append(Finding("unique-symbols", Level.WARNING, text, "Compile with -fno-gnu-unique."))
    if others:
        text = f"it exports {len(others)} symbols beyond its entry point: {_some(map(demangle, others))}"
        fix = "Compile with -fvisibility=hidden and link with a version script."
        findings.append(Finding("exports", Level.WARNING, text, fix))
    return findings


def _dependencies(elf: Elf) -> list[Finding]:
    unknown = [name for name in elf.strings_of("NEEDED") if not _PROVIDED.fullmatch(name)]
    if not unknown:
        return []
    text = f"it needs {', '.join(unknown)}, which neither OpenVINO nor the base systems bring"
    return [Finding("unknown-dependency", Level.WARNING, text, "Ship it beside the library, or link it statically.")]


def _run_path(elf: Elf) -> list[Finding]:
    paths = [path for tag in ("RPATH", "RUNPATH") for value in elf.strings_of(tag) for path in value.split(":")]
    absolute = [path for path in paths if path.startswith("/")]
    if not absolute:
        return []
    text = f"its run path names folders of the machine it was built on: {', '.join(absolute)}"
    return [
        Finding(
            "absolute-run-path", Level.WARNING, text, "Link without a run path, or with one that begins with $ORIGIN."
        )
    ]


def _hardening(elf: Elf) -> list[Finding]:
    findings = []
    if elf.has_executable_stack:
        text = "it asks for an executable stack, which hardened systems refuse"
        findings.append(Finding("executable-stack", Level.WARNING, text, "Link with -z noexecstack."))
    if elf.has_text_relocations:
        text = "its code has relocations, which hardened systems refuse"
        findings.append(Finding("text-relocations", Level.WARNING, text, "Compile everything with -fPIC."))
    if not elf.has_relro:
        text = "its relocated data stays writable (no RELRO)"
        findings.append(Finding("no-relro", Level.WARNING, text, "Link with -z relro -z now."))
    return findings


def _debug_info(elf: Elf) -> list[Finding]:
    size = sum(section.size for section in elf.sections if section.name.startswith(".debug_"))
    if not size:
        return []
    return [
        Finding(
            "debug-info", Level.NOTE, f"{size:,} bytes of it are debug information", "Strip it before it is shipped."
        )
    ]


def _whole_file(functions: Sequence[Function]) -> list[Finding]:
    """For a file without variants of ovext: only what it needs is known, not what stands behind a check."""
    counts = instruction_sets(functions)
    wide = len(functions) - counts.pop("baseline")
    if not wide:
        return []
    names = ", ".join(f"{name} ({count})" for name, count in counts.items())
    share = "as a whole" if wide * 2 > len(functions) else f"in {wide} of {len(functions)} functions"
    text = f"it needs more than x86-64 {share}: {names}; whether a check of the CPU stands before them is not known"
    return [Finding("wide-code", Level.NOTE, text)]


def _leak(elf: Elf, function: Function) -> list[Finding]:
    isa = variant_of(function)
    allowed = features_allowed_in(isa) if isa else frozenset()
    beyond = function.features - allowed
    instruction = first_instruction(elf, function, beyond) if beyond else None
    if instruction is None:
        return []
    where = f"{function.readable_name} at {instruction.address:#x}: {instruction.text}"
    needs = ", ".join(sorted(instruction.features & beyond))
    if isa:
        text = f"a function of the variant {isa} needs {needs}, which its row of the table does not allow: {where}"
        return [Finding("beyond-variant", Level.ERROR, text, "Compile kernels with the flags of isa.json only.")]
    text = f"code outside the variants needs {needs}: {where}"
    return [
        Finding(
            "leak",
            Level.ERROR,
            text,
            "Keep this function's header out of kernel.cpp: its wide copy serves the whole library.",
        )
    ]


def _unreached(variants: dict[str, VariantCode]) -> list[Finding]:
    dead = [
        f"{isa} ({code.functions - code.reached} of {code.functions})"
        for isa, code in variants.items()
        if code.reached < code.functions
    ]
    if not dead:
        return []
    text = f"functions of variants that no kernel table leads to: {', '.join(dead)}"
    return [Finding("unreached", Level.NOTE, text, "Remove them, or put them into the table.")]


def _initialisers(elf: Elf, functions: Sequence[Function]) -> list[Finding]:
    section = elf.section(".init_array")
    if section is None:
        return []
    starts = {function.start: function for function in functions}
    places = range(section.address, section.address + len(elf.content(section)), 8)
    called = [starts.get(elf.relative_relocations.get(place, 0)) for place in places]
    wide = [function.readable_name for function in called if function and function.features]
    if not wide:
        return []
    text = f"it runs wide instructions when it loads, before any check of the CPU: {_some(wide)}"
    return [Finding("wide-initialiser", Level.ERROR, text, "Remove static initialisers from kernel.cpp.")]


def _some(names: Iterable[str]) -> str:
    listed = [name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..." for name in names]
    return some(listed, _SHOWN)
