"""The versions of symbols that a library requires of the system's libraries, and what follows from them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from ovext.errors import UnreadableFileError
from ovext.findings import Level
from ovext.inspect.demangle import demangle
from ovext.inspect.elf import Elf
from ovext.inspect.report import LibraryFinding, some
from ovext.inspect.strings import printable
from ovext.targets.manylinux import FAMILIES, is_released, manylinux_ceilings, numbers_of, text_of
from ovext.toolchain.loader import library_here

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from ovext.inspect.elf import VersionNeed
    from ovext.inspect.openvino_symbols import Counterpart
    from ovext.inspect.system import System
    from ovext.targets.base_os import BaseOS
    from ovext.targets.manylinux import Version

# Versions without a number, and the oldest release that defines them: of glibc, and of libstdc++ for x86-64.
_NAMED = {
    "GLIBC_ABI_DT_RELR": ("GLIBC", (2, 36)),
    "CXXABI_TM_1": ("CXXABI", (1, 3)),
    "CXXABI_FLOAT128": ("CXXABI", (1, 3, 9)),
}
_SYSTEM_LIBRARY = re.compile(r"(ld-linux-x86-64|lib(c|m|mvec|dl|pthread|rt|util|resolv|anl|stdc\+\+|gcc_s))\.so\.\d+")
_OF_GCC = {"libstdc++.so.6": {"GLIBCXX", "CXXABI"}, "libgcc_s.so.1": {"GCC"}}
_SHOWN = 2
_FIX_FOR_TOO_NEW = (
    "Build it with ovext, whose libraries need nothing newer than UBI 8 has, or on that system or an older one."
)


@dataclass(frozen=True)
class Need:
    """A symbol version, and the symbols that require it."""

    family: str
    version: Version
    symbols: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.family}_{text_of(self.version)}"


def needs_of(elf: Elf) -> list[Need]:
    """Every version of a known family that the library requires, the highest of each family first."""
    users = dict.fromkeys(elf.needed_versions, ()) | {name: tuple(used) for name, used in _users(elf).items()}
    parsed = [(parse(name), symbols) for name, symbols in users.items()]
    needs = [Need(*version, symbols) for version, symbols in parsed if version]
    newest_first = sorted(needs, key=lambda need: need.version, reverse=True)
    return sorted(newest_first, key=lambda need: FAMILIES.index(need.family))


def highest(needs: Iterable[Need]) -> dict[str, str]:
    """The highest version of each family."""
    found: dict[str, str] = {}
    for need in needs:
        found.setdefault(need.family, text_of(need.version))
    return found


def version_findings(elf: Elf, systems: Sequence[System], objects: Sequence[Path]) -> Iterator[LibraryFinding]:
    """Findings about versions that the system's libraries do not have.

    Args:
        elf: the library.
        systems: where it is judged.
        objects: the object files that it was linked from, if they are known; the texts name them.
    """
    required = [need for need in elf.version_needs if not need.is_weak]
    for system in systems:
        problems = list(_problems(elf, required, system, objects))
        for text in problems[:_SHOWN]:
            yield LibraryFinding("too-new", Level.ERROR, text, _FIX_FOR_TOO_NEW, targets=(system.id,))
        if len(problems) > _SHOWN:
            text = f"it needs {len(problems) - _SHOWN} more versions that {system.id} does not have"
            yield LibraryFinding("too-new", Level.ERROR, text, _FIX_FOR_TOO_NEW, targets=(system.id,))


def openvino_too_new(counterpart: Counterpart | None, systems: Sequence[System]) -> Iterator[LibraryFinding]:
    """Findings about base OSes on which OpenVINO itself does not load, and so no extension of it."""
    if counterpart is None:
        return
    required = [need for need in counterpart.needs if not need.is_weak and _SYSTEM_LIBRARY.fullmatch(need.library)]
    for system in systems:
        for need in required if not system.is_here else []:
            family, numbers = parse(need.version, (*FAMILIES, "GCC")) or ("", ())
            newest = _ceiling(family, system.base)
            if newest and numbers > numbers_of(newest):
                text = f"OpenVINO {counterpart.version} itself needs {need.version}; {system.id} has {newest}"
                fix = f"Build it for an OpenVINO that loads on {system.id}."
                yield LibraryFinding("too-new", Level.ERROR, text, fix, targets=(system.id,))
                break


def _problems(elf: Elf, required: Sequence[VersionNeed], system: System, objects: Sequence[Path]) -> Iterator[str]:
    """A sentence for each version that the system does not have, the newest first."""
    users = _users(elf)
    families = (*FAMILIES, "GCC")
    rows = [(parse(need.version, families) or ("", ()), need) for need in required]
    rows.sort(key=lambda row: row[0][1], reverse=True)
    rows.sort(key=lambda row: (*families, "").index(row[0][0]))
    for (family, numbers), need in rows:
        if not _lacks(system, need, family, numbers):
            continue
        names = users.get(need.version, ())
        who = f": {some([demangle(name) for name in names], 3)}{_places(objects, names)}" if names else ""
        newest = _ceiling(family, system.base)
        has = f"{system.id} has {newest}" if newest else f"no {printable(need.library)} of {system.id} has it"
        yield f"it needs {printable(need.version)}{who}; {has}"


def _lacks(system: System, need: VersionNeed, family: str, numbers: Version) -> bool:
    if system.is_here:
        defined = _defined_here(need.library)
        return defined is not None and need.version not in defined
    if not _SYSTEM_LIBRARY.fullmatch(need.library):
        return False
    if family not in _OF_GCC.get(need.library, {"GLIBC"}):
        return True  # such as GLIBC_PRIVATE, which is another in each build of glibc
    return numbers > numbers_of(_ceiling(family, system.base)) or not _exists(need.version)


@cache
def _defined_here(library: str) -> frozenset[str] | None:
    """The versions that a library of this machine defines; None if it is not here, or has no versions."""
    file = library_here(library)
    try:
        return frozenset(Elf(file).defined_versions) or None if file else None
    except UnreadableFileError:
        return None


def _ceiling(family: str, base: BaseOS) -> str:
    """The newest version of the family on the base OS; empty for a family that it does not have."""
    return {"GLIBC": base.glibc, "GLIBCXX": base.glibcxx, "CXXABI": base.cxxabi, "GCC": base.libgcc}.get(family, "")


def _users(elf: Elf) -> dict[str, list[str]]:
    """The symbols that require each version."""
    users: dict[str, list[str]] = {}
    for symbol in elf.undefined:
        if symbol.version is not None:
            users.setdefault(symbol.version, []).append(symbol.name)
    return users


def _places(objects: Sequence[Path], names: Iterable[str]) -> str:
    """The object files that require these symbols."""
    wanted = set(names)
    users = [
        file.name.removesuffix(".o")
        for file in objects
        if any(symbol.name in wanted and not symbol.is_defined for symbol in Elf(file).symbols)
    ]
    return f" (in {', '.join(dict.fromkeys(users))})" if users else ""


def manylinux_tag(needs: Iterable[Need]) -> str | None:
    """The oldest manylinux tag whose systems have every required version; None if there is none."""
    needs = list(needs)
    for name, ceilings in manylinux_ceilings().items():
        if all(need.version <= ceilings[need.family] for need in needs):
            return f"{name}_x86_64"
    return None


def _exists(name: str) -> bool:
    """Whether any release for x86-64 defines the version."""
    family, _, number = name.partition("_")
    return name in _NAMED or is_released(family, number)


def parse(name: str, families: Sequence[str] = FAMILIES) -> tuple[str, Version] | None:
    """("GLIBC", (2, 34)) for "GLIBC_2.34"; None for other families."""
    if name in _NAMED:
        return _NAMED[name]
    match = re.fullmatch(rf"({'|'.join(families)})_(\d{{1,9}}(?:\.\d{{1,9}}){{0,5}})", name)
    return (match[1], numbers_of(match[2])) if match else None
