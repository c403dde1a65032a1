"""Who brings the libraries that a library needs."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ovext.errors import UnreadableFileError
from ovext.files import open_regular
from ovext.findings import Level
from ovext.inspect.elf import Elf
from ovext.inspect.report import LibraryFinding, Needed
from ovext.inspect.strings import printable
from ovext.toolchain.loader import is_file_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ovext.inspect.openvino_symbols import Counterpart
    from ovext.inspect.system import System

_OF_OPENVINO = re.compile(r"libopenvino(_\w+)?\.so\.\d+|libtbb\.so\.12|libtbbmalloc(_proxy)?\.so\.2")
_LOADED_WITH_OPENVINO = re.compile(r"libopenvino\.so\.\d+|lib(tbb|tbbmalloc|hwloc)\.so\.\d+")
_ORIGIN = re.compile(r"\$(ORIGIN\b|\{ORIGIN\})")
_MOST_BESIDE = 200  # libraries that are followed
_PYTHON_MODULE = re.compile(r"PyInit_\w+")
BROKEN: Literal["broken"] = "broken"
FOUND_BESIDE = " beside it"
SAID_BY_USER = "the user says so"
_LARGEST_HELPER = 256 << 20  # bytes
_NO_DEFAULT_LIBRARIES = 0x800
# What a program with OpenVINO has loaded before the extension.
_LOADED_BY_PROGRAMS = re.compile(r"(ld-linux-x86-64|lib(c|m|dl|pthread|rt|stdc\+\+|gcc_s))\.so\.\d+")
_SHOWN = 3


@dataclass
class Surroundings:
    """What is around an inspected library.

    Args:
        systems: where it is judged.
        counterpart: the OpenVINO that loads it, if it is here.
        provides: the libraries that the user says are there.
        root: the folder that no search leaves; None: the search goes where $ORIGIN leads.
        in_memory: a library that is loaded from memory, so that its $ORIGIN leads nowhere, and the one that loads it.
    """

    systems: Sequence[System]
    counterpart: Counterpart | None
    provides: Sequence[str] = ()
    root: Path | None = None
    in_memory: tuple[Elf, Elf] | None = None
    beside: dict[Path, Elf] = field(default_factory=dict)  # the libraries that were found by run paths
    inherited: list[str] = field(default_factory=list)  # the folders of an old RPATH, which serve the helpers, too
    _known: dict[Path, Elf | Literal["broken"] | None] = field(default_factory=dict, init=False)  # what a search found

    def needed_by(self, elf: Elf) -> list[Needed]:
        """Every library that `elf` needs, also by those that were found beside it."""
        found: list[tuple[str, str, dict[str, str | None]]] = []
        pending, seen = [elf], {elf.path}
        self.inherited = [] if elf.strings_of("RUNPATH") else run_path(elf)
        while pending:
            one = pending.pop(0)
            for name in one.needed:
                brought = {system.id: self._bringer(one, name, system) for system in self.systems}
                found.append((name, one.path.name, brought))
                helper = self.find_beside(one, name)
                is_openvinos = self.counterpart is not None and name in self.counterpart.libraries
                if (
                    isinstance(helper, Elf)
                    and not is_openvinos
                    and helper.path not in seen
                    and len(seen) < _MOST_BESIDE
                ):
                    seen.add(helper.path)
                    self.beside[helper.path] = helper
                    pending.append(helper)
        loaded = {name: brought for name, _, brought in found if None not in brought.values()}
        return [
            Needed(
                printable(name), printable(by), brought if None not in brought.values() else loaded.get(name, brought)
            )
            for name, by, brought in found
        ]

    def _bringer(self, elf: Elf, name: str, system: System) -> str | None:
        if name in self.provides:
            return SAID_BY_USER
        if openvino := self._openvino_that_brings(name, system):
            return openvino
        helper = self.find_beside(elf, name)
        if helper is BROKEN:
            return None
        if isinstance(helper, Elf):
            return f"{printable(helper.path.name)}{FOUND_BESIDE}"
        if elf.flags("FLAGS_1") & _NO_DEFAULT_LIBRARIES and not _LOADED_BY_PROGRAMS.fullmatch(name):
            return None
        return system.id if system.has(name) else None

    def _openvino_that_brings(self, name: str, system: System) -> str:
        if self.counterpart is None:
            return "OpenVINO" if _OF_OPENVINO.fullmatch(name) else ""
        is_there = not system.is_here or is_loaded_with_openvino(name)
        return f"OpenVINO {self.counterpart.version}" if name in self.counterpart.libraries and is_there else ""

    def find_beside(self, elf: Elf, name: str) -> Elf | Literal["broken"] | None:
        """The library that the loader finds by the run path; BROKEN if it finds a file that is none."""
        if not is_file_name(name):
            return None
        in_memory, outer = self.in_memory or (None, None)
        if outer and elf is in_memory and name in outer.needed:
            return self.find_beside(outer, name)  # it is loaded already
        here = any(system.is_here for system in self.systems)
        inherited = [] if elf.strings_of("RUNPATH") else self.inherited
        for folder in dict.fromkeys([*run_path(elf), *inherited]):
            is_inner = _ORIGIN.match(folder) is not None
            if is_inner and elf is in_memory:
                continue
            if not is_inner and not (here and folder.startswith("/") and self.root is None):
                continue
            file = Path(_ORIGIN.sub(lambda _: str(elf.path.absolute().parent), folder), name)
            if file not in self._known:
                self._known[file] = self._opened(file)
            if (found := self._known[file]) is not None:
                return found
        return None

    def _opened(self, file: Path) -> Elf | Literal["broken"] | None:
        try:
            file = file.resolve()
            if file in self.beside:
                return self.beside[file]
            is_inside = self.root is None or file.is_relative_to(self.root.resolve())
            if not is_inside or ".so" not in file.name or not file.exists():
                return None
            return Elf(file) if file.stat().st_size <= _LARGEST_HELPER and _is_taken(file) else None
        except (UnreadableFileError, OSError, RuntimeError):
            return BROKEN


def _is_taken(file: Path) -> bool:
    """Whether the loader takes the file, or gives up at it; it goes on after a library for another architecture."""
    with os.fdopen(open_regular(file), "rb") as opened:
        begin = opened.read(20)
    return begin[:4] != b"\x7fELF" or (begin[4:5] == b"\x02" and begin[18:20] == b"\x3e\0")


def is_python_module(elf: Elf) -> bool:
    return any(_PYTHON_MODULE.fullmatch(symbol.name) for symbol in elf.exported)


def run_path(elf: Elf) -> list[str]:
    """The folders in which the loader looks for what the library needs, before its own."""
    paths = elf.strings_of("RUNPATH") or elf.strings_of("RPATH")
    return [folder for path in paths for folder in path.split(":") if folder]


def expanded_run_path(elf: Elf) -> list[Path]:
    """The same folders, where the library lies now."""
    origin = str(elf.path.resolve().parent)
    return [Path(_ORIGIN.sub(lambda _: origin, folder)) for folder in run_path(elf)]


def library_findings(elf: Elf, around: Surroundings, needed: Sequence[Needed]) -> list[LibraryFinding]:
    """Findings about libraries that nothing brings."""
    return [*_missing_libraries(needed, around.in_memory is not None), *_not_loaded(elf, around)]


def _missing_libraries(needed: Sequence[Needed], in_memory: bool) -> Iterator[LibraryFinding]:
    beside = "build with --layout folder and ship it beside the library" if in_memory else "ship it beside the library"
    told = set()
    for one in needed:
        targets = tuple(target for target, bringer in one.brought_by.items() if bringer is None)
        if not targets or one.library in told:
            continue
        told.add(one.library)
        name = one.library
        where = None if len(targets) == len(one.brought_by) else targets
        text = f"{one.needed_by} needs {name}, which nothing brings on {', '.join(targets)}"
        fix = (
            f"Link it statically, or {beside} with a run path that begins with $ORIGIN, as `ovext build --bundle` does."
            f" If the image installs it, list it in [tool.ovext] provides, or use `ovext inspect --provides {name}`."
        )
        yield LibraryFinding("missing-library", Level.ERROR, text, fix, where=name, targets=where)


def _not_loaded(elf: Elf, around: Surroundings) -> Iterator[LibraryFinding]:
    """Libraries of OpenVINO that it loads only when it needs them, and that no run path leads to."""
    leads_there = any("openvino" in folder for folder in run_path(elf))
    for name in elf.needed:
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


def is_of_openvino(name: str) -> bool:
    """Whether OpenVINO brings a library of that name."""
    return _OF_OPENVINO.fullmatch(name) is not None


def is_loaded_with_openvino(name: str) -> bool:
    """Whether a library of OpenVINO is in every process that has libopenvino."""
    return _LOADED_WITH_OPENVINO.fullmatch(name) is not None
