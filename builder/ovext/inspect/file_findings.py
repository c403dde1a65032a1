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

    from ovext.inspect.elf import Elf
    from ovext.inspect.elf_file import Segment
    from ovext.inspect.system import System

_AGREED_EXPORTS = {ENTRY_POINT, "ovext_active_isa", "ovext_active_openvino", "ovext_ops"}
_SANITIZERS = {
    "__asan_": "AddressSanitizer",
    "__tsan_": "ThreadSanitizer",
    "__ubsan_": "UndefinedBehaviorSanitizer",
    "__msan_": "MemorySanitizer",
}
_NO_OPEN = 0x40
_PIE = 0x08000000
_PAGE = 4096
_PROPERTIES = 5  # the type of the note
_ISA_NEEDED = 0xC0008002
_APPLIES_PACKED = (2, 36)  # the oldest glibc that does
_HIGHEST = 4  # the highest level of x86-64
_MOST_MEMORY = 1 << 36  # bytes
_NEHALEM = 2  # the level of SSE4.2, which OpenVINO itself needs
_SPARE_TLS = 1664  # bytes that glibc keeps for libraries that are loaded later (rtld.optional_static_tls and others)
_TLS_ALIGNMENT = 64  # bytes, the most that glibc gives a library that is loaded later
_SURE_TLS = 512  # the part of it that no other kind of library takes
_RUNTIMES = {"__asan_init", "__tsan_init", "__msan_init"}  # linked into the library
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
    flags = elf.flags("FLAGS_1")
    for text in _not_loadable(elf):
        yield _refusal("not-loadable", text, "Build it again, or copy it again.")
    if flags & _NO_OPEN:
        text = "it is linked with -z nodlopen: nothing can load it at run time"
        yield _refusal("nodlopen", text, "Link it without -z nodlopen.")
    if flags & _PIE:
        text = "it is a program (PIE), which glibc 2.30 and newer do not load as a library"
        yield _refusal("program", text, "Link it with -shared.")
    old = tuple(system.id for system in systems if system.glibc < _APPLIES_PACKED)
    if is_packed_without_version(elf) and old:
        text = "its relocations are packed, which the glibc there does not apply"
        yield LibraryFinding("too-new", Level.ERROR, text, "Link it without packed relocations.", targets=old)
    level = _isa_level(elf)
    targets = tuple(system.id for system in systems if not features_of_level(level) <= system.features)
    if level > _HIGHEST:
        targets = tuple(system.id for system in systems)
    if level > _NEHALEM and targets:
        text = f"it is marked as needing an x86-64-v{level} CPU: the loader refuses it on others"
        fix = f"Link it without -z x86-64-v{level}."
        yield LibraryFinding("isa-marker", Level.ERROR, text, fix, targets=targets)


def _not_loadable(elf: Elf) -> Iterator[str]:
    """What makes the loader give up, or crash, on the file itself."""
    loaded = elf.segments_of("load")
    if not elf.is_of_loader:
        yield "its header has values that the loader refuses"
    if not loaded or not elf.segments_of("dynamic") or "SYMTAB" not in elf.dynamic:
        yield "it has nothing that the loader can load; it must be linked with -shared"
    if any(one.file_size > one.memory_size or not _is_aligned(one) for one in loaded):
        yield "its segments are not aligned as the loader wants them"
    if sorted(loaded, key=lambda one: one.address) != loaded or sum(one.memory_size for one in loaded) > _MOST_MEMORY:
        yield "its segments are out of order, or larger than a program's memory"
    ends = [one.address + one.memory_size for one in loaded]
    if any(one.address + one.memory_size > max(ends, default=0) + _PAGE for one in elf.segments_of("relro")):
        yield "its data that becomes read-only reaches beyond its segments"
    if elf.writes_read_only and not elf.has_text_relocations:
        yield "the loader would write to a part of it that is read-only"
    if elf.has_wrong_initialisers:
        yield "the loader calls something in it that is no code"
    packed = is_packed_without_version(elf) and any(need.library == "libc.so.6" for need in elf.version_needs)
    if packed or {"REL", "ANDROID_REL", "ANDROID_RELA"} & set(elf.dynamic):
        yield "its relocations are in a form that glibc does not apply, unlike that of -z pack-relative-relocs"


def is_packed_without_version(elf: Elf) -> bool:
    """Whether it has packed relocations, and does not ask for a glibc that applies them."""
    return "RELR" in elf.dynamic and "GLIBC_ABI_DT_RELR" not in elf.needed_versions


def _refusal(code: str, text: str, fix: str) -> LibraryFinding:
    return LibraryFinding(code, Level.ERROR, text, fix)


def _is_aligned(segment: Segment) -> bool:
    step = segment.alignment
    is_power = step > 0 and step & (step - 1) == 0
    return is_power and step % _PAGE == 0 and (segment.address - segment.offset) % step == 0


def _isa_level(elf: Elf) -> int:
    """The level of x86-64 that the file's properties say it needs: 1 to 4; 1 if they say nothing."""
    properties = [
        one for segment in [*elf.segments_of("property"), *elf.segments_of("note")] for one in _notes(elf, segment)
    ]
    level = 1
    for content in properties:
        at = 0  # of a property: its type, its size, its value
        while at + 12 <= len(content):
            kind, size = struct.unpack_from("<II", content, at)
            if kind == _ISA_NEEDED and size == 4:  # noqa: PLR2004  bytes
                (bits,) = struct.unpack_from("<I", content, at + 8)
                level = max(level, bits.bit_length())
            at += 8 + (size + 7) // 8 * 8
    return level


def _notes(elf: Elf, segment: Segment) -> Iterator[bytes]:
    """The contents of the notes with GNU's properties in a segment."""
    content = elf.at(segment.address, segment.file_size)
    step = 8 if segment.alignment == 8 else 4  # noqa: PLR2004  bytes
    at = 0
    while at + 16 <= len(content):
        name_size, size, kind = struct.unpack_from("<III", content, at)
        begin = at + (12 + name_size + step - 1) // step * step
        if kind == _PROPERTIES and content[at + 12 : at + 16] == b"GNU\0":
            yield content[begin : begin + size]
        at = begin + (size + step - 1) // step * step


def _thread_local(elf: Elf) -> Iterator[LibraryFinding]:
    data = elf.segments_of("tls") if elf.wants_static_tls else []
    size = sum(one.memory_size for one in data)
    if any(one.alignment > _TLS_ALIGNMENT for one in data):
        text = f"it needs the program's own thread-local data aligned to more than {_TLS_ALIGNMENT} bytes"
        yield _refusal("static-tls", text, "Compile it without -ftls-model=initial-exec.")
    if size <= _SURE_TLS:
        return
    text = f"it needs {size:,} bytes of the program's own thread-local data; all libraries that are loaded later get "
    text += f"{_SPARE_TLS:,} together"
    level = Level.ERROR if size > _SPARE_TLS else Level.WARNING
    yield LibraryFinding("static-tls", level, text, "Compile it without -ftls-model=initial-exec.")


def _instrumented(elf: Elf) -> list[LibraryFinding]:
    """Findings about test builds: the code is right, but needs a runtime, or writes files when the process ends."""
    names = [symbol.name for symbol in elf.undefined if symbol.binding != "weak"]
    names += [symbol.name for symbol in elf.symbols if symbol.name.startswith("__gcov_") or symbol.name in _RUNTIMES]
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
