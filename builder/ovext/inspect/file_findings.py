"""Findings about the file itself: what it exports, how it is linked, which instructions it has where."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ovext.findings import Finding, Level
from ovext.inspect.demangle import demangle
from ovext.inspect.functions import Function, features_allowed_in, features_of_code, first_instruction, fuses
from ovext.inspect.openvino_symbols import ENTRY_POINT
from ovext.inspect.report import VariantCode, some

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ovext.inspect.elf import Elf

_AGREED_EXPORTS = {ENTRY_POINT, "ovext_active_isa", "ovext_ops"}
_PROVIDED = re.compile(
    r"(libopenvino(_\w+)?|libtbb(malloc)?|libstdc\+\+|libgcc_s|libc|libm|libpthread|libdl|librt|ld-linux-x86-64)\.so[.\d]*"
)
_SANITIZERS = {
    "__asan_": "AddressSanitizer",
    "__tsan_": "ThreadSanitizer",
    "__ubsan_": "UndefinedBehaviorSanitizer",
    "__msan_": "MemorySanitizer",
}
_SHOWN = 3
_LONGEST_NAME = 90


def file_findings(elf: Elf) -> list[Finding]:
    """Findings about instrumentation, exports, dependencies, run path, hardening and debug information."""
    return [
        *_instrumented(elf),
        *_exports(elf),
        *_dependencies(elf),
        *_run_path(elf),
        *_hardening(elf),
        *_debug_info(elf),
    ]


def instruction_findings(elf: Elf, functions: Sequence[Function], variants: Iterable[str]) -> list[Finding]:
    """Findings about instructions that code outside variants must not have, or that a variant's row does not allow."""
    if not variants:
        return _whole_file(functions)
    leaks = [finding for function in functions for finding in _leak(elf, function)]
    return [*_initialisers(elf, functions), *leaks]


def fused_findings(elf: Elf, functions: Iterable[Function]) -> list[Finding]:
    """Findings about fused multiply-adds in variants, whose results then differ from those of other variants."""
    fix = 'Write the expression otherwise, or say fp-contract = "fast" in [tool.ovext].'
    found = []
    for function in functions:
        if function.variant and function.fuses:
            text = f"the variant {function.variant} fuses a multiplication with an addition"
            where = _place(elf, function, fuses)
            found.append(Finding("fused", Level.ERROR, f"{text}: {where}", fix))
    return found


def instruction_sets(functions: Iterable[Function]) -> dict[str, int]:
    """How many functions need nothing beyond x86-64, and how many need each feature."""
    counts = {"baseline": 0}
    for function in functions:
        for feature in function.features or ("baseline",):
            counts[feature] = counts.get(feature, 0) + 1
    return dict(sorted(counts.items()))


def variant_code(functions: Sequence[Function], variants: Iterable[str]) -> dict[str, VariantCode]:
    """For each variant, how many functions it has and how large their code is."""
    code = {}
    for variant in variants:
        own = [function for function in functions if function.variant == variant]
        code[variant] = VariantCode(len(own), sum(function.end - function.start for function in own))
    return code


def _instrumented(elf: Elf) -> list[Finding]:
    """Findings about test builds: the code is right, but needs a runtime, or writes files when the process ends."""
    names = [symbol.name for symbol in (*elf.undefined, *elf.symbols)]
    found = []
    for prefix, tool in _SANITIZERS.items():
        if any(name.startswith(prefix) for name in names):
            text = f"it is instrumented with {tool}: a test build, for a program that has the sanitizer's runtime"
            fix = "Build it without -fsanitize to ship it; docs/cmake.md says how to run such a build."
            found.append(Finding("instrumented", Level.ERROR, text, fix))
    if any(name.startswith("__gcov_") for name in names):
        text = "it is instrumented for coverage: a test build, which writes .gcda files when its process ends"
        found.append(Finding("instrumented", Level.WARNING, text, "Build it without --coverage to ship it."))
    return found


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
    """For a file without ovext's variants: what it needs is known, but not what runs only after a check."""
    counts = instruction_sets(functions)
    wide = len(functions) - counts.pop("baseline")
    if not wide:
        return []
    names = ", ".join(f"{name} ({count})" for name, count in counts.items())
    share = "as a whole" if wide * 2 > len(functions) else f"in {wide} of {len(functions)} functions"
    text = f"it needs more than x86-64 {share}: {names}; whether a check of the CPU stands before them is not known"
    return [Finding("wide-code", Level.NOTE, text)]


def _leak(elf: Elf, function: Function) -> list[Finding]:
    beyond = function.features - features_allowed_in(function.variant)
    if not beyond:
        return []
    where = _place(elf, function, lambda code: bool(features_of_code(code) & beyond))
    needs = ", ".join(sorted(beyond))
    if function.variant:
        text = f"the variant {function.variant} needs {needs}, which its row of the table does not allow: {where}"
        return [Finding("beyond-variant", Level.ERROR, text, "Compile kernels with the flags of isa.json only.")]
    text = f"code outside the variants needs {needs}: {where}"
    fix = "Compile it without options such as -march=native, or move it into kernel.cpp."
    return [Finding("leak", Level.ERROR, text, fix)]


def _place(elf: Elf, function: Function, wanted: Callable[[int], bool]) -> str:
    """The function, and its first instruction for which `wanted` is true."""
    instruction = first_instruction(elf, function, wanted)
    return f"{function.readable_name} at {instruction.address:#x}: {instruction.text}" if instruction else ""


def _initialisers(elf: Elf, functions: Sequence[Function]) -> list[Finding]:
    section = elf.section(".init_array")
    starts = {function.start: function for function in functions}
    run_at_load = [*(elf.pointers_in(section) if section else []), *elf.resolvers]
    called = [starts.get(address) for address in run_at_load]
    wide = [function.readable_name for function in called if function and (function.features or function.variant)]
    if not wide:
        return []
    text = f"it runs wide instructions when it loads, before any check of the CPU: {_some(wide)}"
    fix = "Compile it without options such as -march=native, and a kernel without ifunc and target_clones."
    return [Finding("wide-initialiser", Level.ERROR, text, fix)]


def _some(names: Iterable[str]) -> str:
    listed = [name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..." for name in names]
    return some(listed, _SHOWN)
