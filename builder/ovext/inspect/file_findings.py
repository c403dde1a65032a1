"""Findings about the file itself: whether the loader takes it, what it exports, how it is linked."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from ovext.findings import Level
from ovext.inspect.demangle import demangle
from ovext.inspect.instructions import features_of_level
from ovext.inspect.needed import run_path
from ovext.inspect.openvino_symbols import ENTRY_POINT
from ovext.inspect.report import LibraryFinding, some
from ovext.inspect.strings import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ovext.inspect.elf import Elf, Segment
    from ovext.inspect.system import System

_AGREED_EXPORTS = {ENTRY_POINT, "ovext_active_isa", "ovext_ops"}
_SANITIZERS = {
    "__asan_": "AddressSanitizer",
    "__tsan_": "ThreadSanitizer",
    "__ubsan_": "UndefinedBehaviorSanitizer",
    "__msan_": "MemorySanitizer",
}
_NO_OPEN = 0x40
_PIE = 0x08000000
_PAGE = 4096
_ISA_NEEDED = 0xC0008002
_NEHALEM = 2  # the level of SSE4.2, which OpenVINO itself needs
_SPARE_TLS = 1664  # bytes that glibc keeps for libraries that are loaded later (rtld.optional_static_tls and others)
_SURE_TLS = 512  # the part of it that no other kind of library takes
_SHOWN = 3
_LONGEST_NAME = 90


def file_findings(elf: Elf, systems: Sequence[System]) -> list[LibraryFinding]:
    """Findings about what the loader refuses, instrumentation, exports, run path, hardening and debug information."""
    return [
        *_refused(elf, systems),
        *_thread_local(elf),
        *_instrumented(elf),
        *_exports(elf),
        *_run_path(elf),
        *_hardening(elf),
        *_sections(elf),
    ]


def _refused(elf: Elf, systems: Sequence[System]) -> Iterator[LibraryFinding]:
    """What the loader of glibc refuses, whatever is around the file."""
    loaded = elf.segments_of("load")
    flags = elf.flags("FLAGS_1")
    if not loaded or not elf.segments_of("dynamic") or "SYMTAB" not in elf.dynamic:
        yield _refusal("not-loadable", "it has nothing that the loader can load", "Link it with -shared.")
    if any(one.file_size > one.memory_size or not _is_aligned(one) for one in loaded):
        yield _refusal("not-loadable", "its segments are not aligned as the loader wants them", "Link it again.")
    if flags & _NO_OPEN:
        text = "it is linked with -z nodlopen: nothing can load it at run time"
        yield _refusal("nodlopen", text, "Link it without -z nodlopen.")
    if flags & _PIE:
        text = "it is a program (PIE), which glibc 2.30 and newer do not load as a library"
        yield _refusal("program", text, "Link it with -shared.")
    level = _isa_level(elf)
    targets = tuple(system.id for system in systems if not features_of_level(level) <= system.features)
    if level > _NEHALEM and targets:
        text = f"it is marked as needing an x86-64-v{level} CPU: the loader refuses it on others"
        fix = f"Link it without -z x86-64-v{level}."
        yield LibraryFinding("isa-marker", Level.ERROR, text, fix, targets=targets)


def _refusal(code: str, text: str, fix: str) -> LibraryFinding:
    return LibraryFinding(code, Level.ERROR, text, fix)


def _is_aligned(segment: Segment) -> bool:
    step = segment.alignment
    is_power = step > 0 and step & (step - 1) == 0
    return is_power and step % _PAGE == 0 and (segment.address - segment.offset) % step == 0


def _isa_level(elf: Elf) -> int:
    """The level of x86-64 that the file's properties say it needs: 1 to 4; 1 if they say nothing."""
    level = 1
    for segment in elf.segments_of("property"):
        content = elf.at(segment.address, segment.file_size)
        # A note: sizes of name and content, type, name, then properties of type, size and content.
        at = 16
        while at + 12 <= len(content):
            kind, size = struct.unpack_from("<II", content, at)
            if kind == _ISA_NEEDED and size == 4:  # noqa: PLR2004  bytes
                (bits,) = struct.unpack_from("<I", content, at + 8)
                level = max(level, bits.bit_length())
            at += 8 + (size + 7) // 8 * 8
    return level


def _thread_local(elf: Elf) -> Iterator[LibraryFinding]:
    size = elf.static_tls
    if size <= _SURE_TLS:
        return
    text = f"it needs {size:,} bytes of the program's own thread-local data; all libraries that are loaded later get "
    text += f"{_SPARE_TLS:,} together"
    level = Level.ERROR if size > _SPARE_TLS else Level.WARNING
    yield LibraryFinding("static-tls", level, text, "Compile it without -ftls-model=initial-exec.")


def _instrumented(elf: Elf) -> list[LibraryFinding]:
    """Findings about test builds: the code is right, but needs a runtime, or writes files when the process ends."""
    names = [symbol.name for symbol in (*elf.undefined, *elf.symbols)]
    found = []
    for prefix, tool in _SANITIZERS.items():
        if any(name.startswith(prefix) for name in names):
            text = f"it is instrumented with {tool}: a test build, for a program that has the sanitizer's runtime"
            fix = "Build it without -fsanitize to ship it; docs/cmake.md says how to run such a build."
            found.append(LibraryFinding("instrumented", Level.ERROR, text, fix))
    if any(name.startswith("__gcov_") for name in names):
        text = "it is instrumented for coverage: a test build, which writes .gcda files when its process ends"
        found.append(LibraryFinding("instrumented", Level.WARNING, text, "Build it without --coverage to ship it."))
    return found


def _exports(elf: Elf) -> list[LibraryFinding]:
    unique = [symbol.name for symbol in elf.exported if symbol.binding == "unique"]
    others = [
        symbol.name for symbol in elf.exported if symbol.name not in _AGREED_EXPORTS and symbol.binding != "unique"
    ]
    findings = []
    if unique:
        text = f"symbols shared with every other library of the process (STB_GNU_UNIQUE): {_some(unique)}"
        findings.append(LibraryFinding("unique-symbols", Level.WARNING, text, "Compile with -fno-gnu-unique."))
    if others:
        text = f"it exports {len(others)} symbols beyond its entry point: {_some(others)}"
        fix = "Compile with -fvisibility=hidden and link with a version script."
        findings.append(LibraryFinding("exports", Level.WARNING, text, fix))
    return findings


def _run_path(elf: Elf) -> list[LibraryFinding]:
    absolute = [printable(path) for path in run_path(elf) if path.startswith("/")]
    if not absolute:
        return []
    text = f"its run path names folders of the machine it was built on: {', '.join(absolute)}"
    return [
        LibraryFinding(
            "absolute-run-path", Level.WARNING, text, "Link without a run path, or with one that begins with $ORIGIN."
        )
    ]


def _hardening(elf: Elf) -> list[LibraryFinding]:
    findings = []
    if elf.has_executable_stack:
        text = "it asks for an executable stack, which hardened systems refuse"
        findings.append(LibraryFinding("executable-stack", Level.WARNING, text, "Link with -z noexecstack."))
    if elf.has_text_relocations:
        text = "its code has relocations, which hardened systems refuse"
        findings.append(LibraryFinding("text-relocations", Level.WARNING, text, "Compile everything with -fPIC."))
    if not elf.segments_of("relro"):
        text = "its relocated data stays writable (no RELRO)"
        findings.append(LibraryFinding("no-relro", Level.WARNING, text, "Link with -z relro -z now."))
    return findings


def _sections(elf: Elf) -> list[LibraryFinding]:
    if not elf.sections and elf.has_damaged_sections:
        text = "its section headers cannot be read, as in a truncated file; the loader needs none"
        return [LibraryFinding("damaged-sections", Level.WARNING, text, "Build or copy it again.")]
    size = sum(section.size for section in elf.sections if section.name.startswith(".debug_"))
    if not size:
        return []
    return [
        LibraryFinding(
            "debug-info", Level.NOTE, f"{size:,} bytes of it are debug information", "Strip it before it is shipped."
        )
    ]


def _some(symbols: Sequence[str]) -> str:
    names = [demangle(symbol) for symbol in symbols[:_SHOWN]]
    shown = [name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}..." for name in names]
    return some([*shown, *symbols[_SHOWN:]], _SHOWN)
