"""Who brings the libraries and the symbols that a library needs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.errors import UnreadableFileError
from ovext.findings import Level
from ovext.inspect.demangle import demangle
from ovext.inspect.elf import Elf
from ovext.inspect.openvino_symbols import is_of_openvino, is_of_same_abi
from ovext.inspect.report import LibraryFinding, Needed, some
from ovext.inspect.strings import printable
from ovext.toolchain.loader import library_here

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ovext.inspect.openvino_symbols import Counterpart
    from ovext.inspect.system import System

_OF_OPENVINO = re.compile(r"libopenvino(_\w+)?\.so\.\d+|libtbb\.so\.12|libtbbmalloc(_proxy)?\.so\.2")
_LOADED_WITH_OPENVINO = re.compile(r"libopenvino\.so\.\d+|lib(tbb|tbbmalloc|hwloc)\.so\.\d+")
_ORIGIN = re.compile(r"\$(ORIGIN\b|\{ORIGIN\})")
_MOST_BESIDE = 200  # libraries that are followed
_PYTHON_MODULE = re.compile(r"PyInit_\w+")
_OF_PYTHON = re.compile(r"_?Py\w+")  # the interpreter brings them to its modules
_SHOWN = 3
# Symbols without versions of libraries that the base systems have and that may not be on this machine.
_UNVERSIONED = {
    "libz.so.1": re.compile(r"(de|in)flate\w*|(un)?compress2?|compressBound|crc32\w*|adler32\w*|gz\w+|zlibVersion"),
    "libbz2.so.1.0": re.compile(r"BZ2_\w+"),
    "libbz2.so.1": re.compile(r"BZ2_\w+"),
}


@dataclass
class Surroundings:
    """What is around an inspected library.

    Args:
        systems: where it is judged.
        counterpart: the OpenVINO that loads it, if it is here.
        provides: the libraries that the user says are there.
        root: the folder that no search leaves; None: the search goes where $ORIGIN leads.
    """

    systems: Sequence[System]
    counterpart: Counterpart | None
    provides: Sequence[str] = ()
    root: Path | None = None
    beside: dict[Path, Elf] = field(default_factory=dict)  # the libraries that were found by run paths

    def needed_by(self, elf: Elf) -> list[Needed]:
        """Every library that `elf` needs, also by those that were found beside it."""
        found: list[Needed] = []
        pending, seen = [elf], {elf.path}
        while pending:
            one = pending.pop(0)
            for name in one.strings_of("NEEDED"):
                brought = {system.id: self._bringer(one, name, system) for system in self.systems}
                found.append(Needed(name, one.path.name, brought))
                helper = self.find_beside(one, name)
                if helper and helper.path not in seen and len(seen) < _MOST_BESIDE:
                    seen.add(helper.path)
                    self.beside[helper.path] = helper
                    pending.append(helper)
        return found

    def _bringer(self, elf: Elf, name: str, system: System) -> str | None:
        if name in self.provides:
            return "the user says so"
        is_found = not system.is_here or is_loaded_with_openvino(name)
        if self.counterpart and name in self.counterpart.libraries and is_found:
            return f"OpenVINO {self.counterpart.version}"
        if not self.counterpart and _OF_OPENVINO.fullmatch(name):
            return "OpenVINO"
        if helper := self.find_beside(elf, name):
            return f"{helper.path.name} beside it"
        if system.is_here and any(Path(folder, name).is_file() for folder in run_path(elf) if folder.startswith("/")):
            return "its run path"
        return system.id if system.has(name) else None

    def find_beside(self, elf: Elf, name: str) -> Elf | None:
        """The library that the loader finds by $ORIGIN in the run path."""
        if "/" in name or not name or "\0" in name:
            return None
        for folder in run_path(elf):
            if not _ORIGIN.match(folder):
                continue
            file = Path(_ORIGIN.sub(lambda _: str(elf.path.absolute().parent), folder), name).resolve()
            if file in self.beside:
                return self.beside[file]
            if (self.root is None or file.is_relative_to(self.root.resolve())) and file.is_file():
                try:
                    return Elf(file)
                except UnreadableFileError:
                    return None
        return None


def is_python_module(elf: Elf) -> bool:
    return any(_PYTHON_MODULE.fullmatch(symbol.name) for symbol in elf.exported)


def run_path(elf: Elf) -> list[str]:
    """The folders in which the loader looks for what the library needs, before its own."""
    paths = elf.strings_of("RUNPATH") or elf.strings_of("RPATH")
    return [folder for path in paths for folder in path.split(":") if folder]


def needed_findings(elf: Elf, around: Surroundings, needed: Sequence[Needed]) -> list[LibraryFinding]:
    """Findings about libraries and symbols that nothing brings."""
    return [
        *_missing_libraries(needed),
        *_not_loaded(elf, around),
        *_missing_versions(elf, around),
        *_undefined(elf, around, needed),
    ]


def _missing_libraries(needed: Sequence[Needed]) -> Iterator[LibraryFinding]:
    told = set()
    for one in needed:
        targets = tuple(target for target, bringer in one.brought_by.items() if bringer is None)
        if not targets or one.library in told:
            continue
        told.add(one.library)
        name = printable(one.library)
        text = f"{printable(one.needed_by)} needs {name}, which nothing brings on {', '.join(targets)}"
        fix = (
            "Link it statically, or ship it beside the library with a run path that begins with $ORIGIN. If the image "
            f"installs it, say --provides {name}, or provides = [...] in [tool.ovext]."
        )
        yield LibraryFinding("missing-library", Level.ERROR, text, fix, where=name, targets=targets)


def _not_loaded(elf: Elf, around: Surroundings) -> Iterator[LibraryFinding]:
    """Libraries of OpenVINO that it loads only when it needs them, and that no run path leads to."""
    leads_there = any("openvino" in folder for folder in run_path(elf))
    for name in elf.strings_of("NEEDED"):
        is_openvinos = name in around.counterpart.libraries if around.counterpart else _OF_OPENVINO.fullmatch(name)
        is_there = is_loaded_with_openvino(name) or leads_there or name in around.provides
        if not is_openvinos or is_there or around.find_beside(elf, name):
            continue
        text = (
            f"it needs {printable(name)}, which OpenVINO does not load by itself: the library loads in a server whose "
        )
        text += "loader finds OpenVINO's folder, but not from Python"
        fix = "Link only openvino::runtime; conversions for a framework need only the headers of its frontend."
        yield LibraryFinding("not-loaded", Level.WARNING, text, fix, where=printable(name))


def is_loaded_with_openvino(name: str) -> bool:
    """Whether a library of OpenVINO is in every process that has libopenvino."""
    return _LOADED_WITH_OPENVINO.fullmatch(name) is not None


def _missing_versions(elf: Elf, around: Surroundings) -> Iterator[LibraryFinding]:
    """Versions that OpenVINO's libraries, or those beside the library, do not define."""
    defined = dict(around.counterpart.versions) if around.counterpart else {}
    defined |= {helper.path.name: frozenset(helper.defined_versions) for helper in around.beside.values()}
    for need in elf.version_needs:
        if need.library in defined and need.version not in defined[need.library] and not need.is_weak:
            name, library = printable(need.version), printable(need.library)
            text = f"it needs {name} of {library}, which does not define that version"
            yield LibraryFinding("too-new", Level.ERROR, text, f"Link the {library} that will be there.", where=library)


def _undefined(elf: Elf, around: Surroundings, needed: Sequence[Needed]) -> Iterator[LibraryFinding]:
    """Symbols that no library defines. Those with versions are judged by their versions, OpenVINO's own by its."""
    asked = [symbol.name for symbol in elf.undefined if symbol.binding != "weak" and symbol.version is None]
    if is_python_module(elf):
        asked = [name for name in asked if not _OF_PYTHON.fullmatch(name)]
    if not asked:
        return
    defined = set(around.counterpart.symbols) if around.counterpart else set()
    for helper in around.beside.values():
        defined |= {symbol.name for symbol in helper.exported}
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
    for library in dict.fromkeys(("libc.so.6", *elf.strings_of("NEEDED"))):
        if not missing:
            return
        missing, was_read = _without_those_of(library, missing, around)
        unread += [] if was_read else [library]
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


def _without_those_of(library: str, names: list[str], around: Surroundings) -> tuple[list[str], bool]:
    """The names that a needed library does not define, and whether that could be found out."""
    if around.counterpart and library in around.counterpart.libraries:
        return names, True
    if any(library == helper.path.name for helper in around.beside.values()):
        return names, True
    if library in _UNVERSIONED:
        names = [name for name in names if not _UNVERSIONED[library].fullmatch(name)]
    file = library_here(library)
    if file is None:
        return names, library in _UNVERSIONED
    try:
        defined = {symbol.name for symbol in Elf(file).exported}
    except UnreadableFileError:
        return names, False
    return [name for name in names if name not in defined], True
