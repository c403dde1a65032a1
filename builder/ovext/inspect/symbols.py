"""Whether the libraries that a library needs define its symbols, and with the versions that it requires."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ovext.errors import UnreadableFileError
from ovext.findings import Level
from ovext.inspect.demangle import demangle
from ovext.inspect.elf import Elf
from ovext.inspect.needed import is_python_module
from ovext.inspect.openvino_symbols import is_of_openvino, is_of_same_abi
from ovext.inspect.report import LibraryFinding, some
from ovext.inspect.strings import printable
from ovext.toolchain.loader import library_here

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ovext.inspect.needed import Surroundings
    from ovext.inspect.report import Needed

# Symbols without versions of libraries that the base systems have and that may not be on this machine.
_UNVERSIONED = {
    "libz.so.1": re.compile(r"(de|in)flate\w*|(un)?compress2?|compressBound|crc32\w*|adler32\w*|gz\w+|zlibVersion"),
    "libbz2.so.1.0": re.compile(r"BZ2_\w+"),
    "libbz2.so.1": re.compile(r"BZ2_\w+"),
}
_OF_PYTHON = re.compile(r"_?Py\w+")  # the interpreter brings them to its modules
_LOADER = re.compile(r"ld-linux-x86-64\.so\.2|libc\.so\.6")
_SHOWN = 3


def symbol_findings(elf: Elf, around: Surroundings, needed: Sequence[Needed]) -> list[LibraryFinding]:
    """Findings about symbols that nothing defines."""
    return [*_missing_versions(elf, around), *_versioned(elf, around), *_undefined(elf, around, needed)]


def _missing_versions(elf: Elf, around: Surroundings) -> Iterator[LibraryFinding]:
    """Versions that OpenVINO's libraries, or those beside the library, do not define."""
    defined = dict(around.counterpart.versions) if around.counterpart else {}
    defined |= {helper.path.name: frozenset(helper.defined_versions) for helper in around.beside.values()}
    for need in elf.version_needs:
        if need.library in defined and need.version not in defined[need.library] and not need.is_weak:
            name, library = printable(need.version), printable(need.library)
            text = f"it needs {name} of {library}, which does not define that version"
            yield LibraryFinding("too-new", Level.ERROR, text, f"Link the {library} that will be there.", where=library)


def _versioned(elf: Elf, around: Surroundings) -> Iterator[LibraryFinding]:
    """Symbols with versions that the libraries which are read do not define, and versions of libraries not needed."""
    loaded = {*elf.needed, *(name for helper in around.beside.values() for name in helper.needed)}
    for library in dict.fromkeys(need.library for need in elf.version_needs):
        if library not in loaded and not _LOADER.fullmatch(library):
            text = f"it requires versions of {printable(library)}, which it does not name as needed"
            yield LibraryFinding("undefined-symbol", Level.ERROR, text, "Link it again.", where=printable(library))
    here = tuple(system.id for system in around.systems if system.is_here)
    beside = {helper.path.name for helper in around.beside.values()}
    others = [name for name in ("libc.so.6", *elf.needed) if here and name not in beside]
    read = [*around.beside.values(), *map(_read_here, others)]
    if not here or None in read:
        return
    defined = {
        (symbol.name, symbol.version) for one in read if one for symbol in one.dynamic_symbols if symbol.is_defined
    }
    plain = {one.path.name for one in read if one and not one.defined_versions}
    asked = [
        one for one in elf.undefined if one.version and one.binding != "weak" and (one.name, one.version) not in defined
    ]
    by_version = {need.version: need.library for need in elf.version_needs}
    gone = [one for one in asked if by_version.get(one.version or "") not in plain]
    if gone:
        names = some([f"{demangle(one.name)} ({printable(one.version or '')})" for one in gone], _SHOWN)
        text = f"no library that it needs defines {names}"
        yield LibraryFinding("undefined-symbol", Level.ERROR, text, where=demangle(gone[0].name), targets=here)


def _read_here(library: str) -> Elf | None:
    file = library_here(library)
    try:
        return Elf(file) if file else None
    except UnreadableFileError:
        return None


def _undefined(elf: Elf, around: Surroundings, needed: Sequence[Needed]) -> Iterator[LibraryFinding]:
    """Symbols that no library defines. Those with versions are judged by their versions, OpenVINO's own by its."""
    asked = [symbol.name for symbol in elf.undefined if symbol.binding != "weak" and symbol.version is None]
    if is_python_module(elf):
        asked = [name for name in asked if not _OF_PYTHON.fullmatch(name)]
    if not asked:
        return
    defined = set(around.counterpart.symbols) if around.counterpart else set()
    for helper in around.beside.values():
        defined |= helper.unversioned
    missing = [name for name in asked if name not in defined]
    of_openvino = [name for name in missing if is_of_openvino(name)]
    if around.counterpart and of_openvino and is_of_same_abi(elf, around.counterpart):
        release = around.counterpart.version
        names = some([demangle(name) for name in of_openvino], _SHOWN)
        fix = f"Build it with --openvino {release}, or link what defines it."
        where = demangle(of_openvino[0])
        yield LibraryFinding(
            "missing-symbol", Level.ERROR, f"OpenVINO {release} does not have {names}", fix, where=where
        )
    missing = [name for name in missing if name not in of_openvino]
    unread = []
    pending, seen = ["libc.so.6", *elf.needed], set()
    while pending and missing:
        library = pending.pop(0)
        if library in seen:
            continue
        seen.add(library)
        missing, needed_too = _without_those_of(library, missing, around)
        unread += [library] if needed_too is None else []
        pending += needed_too or []
    if not missing or any(None in one.brought_by.values() for one in needed):
        return  # what is missing is most likely in a library that is missing, too
    names = some([demangle(name) for name in missing], _SHOWN)
    where = demangle(missing[0])
    if any(is_brought for one in needed if one.library in unread for is_brought in one.brought_by.values()):
        text = (
            f"whether {some([printable(one) for one in unread], _SHOWN)} define {names} is not known: they are not here"
        )
        yield LibraryFinding("not-compared", Level.NOTE, text, where=where)
    else:
        fix = "Link the library that defines it, or compile the source that does."
        yield LibraryFinding(
            "undefined-symbol", Level.ERROR, f"no library that it needs defines {names}", fix, where=where
        )


def _without_those_of(library: str, names: list[str], around: Surroundings) -> tuple[list[str], list[str] | None]:
    """The names that a needed library does not define, and what it needs itself; None if it cannot be read."""
    if around.counterpart and library in around.counterpart.libraries:
        return names, []
    if any(library == helper.path.name for helper in around.beside.values()):
        return names, []
    file = library_here(library)
    if file is None:
        known = _UNVERSIONED.get(library)
        return [name for name in names if not (known and known.fullmatch(name))], [] if known else None
    try:
        elf = Elf(file)
        defined = elf.unversioned
    except UnreadableFileError:
        return names, None
    return [name for name in names if name not in defined], elf.needed
