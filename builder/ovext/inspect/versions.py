"""The versions of glibc and libstdc++ symbols that a library asks for, and what follows from them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovext.inspect.demangle import demangle
from ovext.inspect.findings import some

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ovext.inspect.elf import Elf
    from ovext.targets.base_os import BaseOS

FAMILIES = ("GLIBC", "GLIBCXX", "CXXABI")
# GLIBC_ABI_DT_RELR is no number, but only glibc 2.36 and newer have it.
_NAMED = {"GLIBC_ABI_DT_RELR": ("GLIBC", (2, 36))}
# From the policies of auditwheel: glibc of the tag, and the GLIBCXX and CXXABI that it allows.
_MANYLINUX = (
    ((2, 5), (3, 4, 8), (1, 3, 1)),
    ((2, 12), (3, 4, 13), (1, 3, 3)),
    ((2, 17), (3, 4, 19), (1, 3, 7)),
    ((2, 24), (3, 4, 22), (1, 3, 10)),
    ((2, 26), (3, 4, 22), (1, 3, 10)),
    ((2, 27), (3, 4, 24), (1, 3, 11)),
    ((2, 28), (3, 4, 24), (1, 3, 11)),
    ((2, 31), (3, 4, 28), (1, 3, 12)),
    ((2, 34), (3, 4, 29), (1, 3, 13)),
    ((2, 35), (3, 4, 30), (1, 3, 13)),
    ((2, 36), (3, 4, 30), (1, 3, 13)),
    ((2, 38), (3, 4, 30), (1, 3, 13)),
    ((2, 39), (3, 4, 33), (1, 3, 15)),
    ((2, 40), (3, 4, 33), (1, 3, 15)),
    ((2, 41), (3, 4, 33), (1, 3, 15)),
)

Version = tuple[int, ...]


@dataclass(frozen=True)
class Need:
    """A symbol version, and the symbols that ask for it."""

    family: str
    version: Version
    symbols: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.family}_{text_of(self.version)}"


def needs_of(elf: Elf) -> list[Need]:
    """Every version of a known family that the library asks for, the highest of each family first."""
    users: dict[str, list[str]] = {name: [] for name in elf.needed_versions}
    for symbol in elf.undefined:
        if symbol.version is not None:
            users.setdefault(symbol.version, []).append(symbol.name)
    parsed = [(parse(name), tuple(symbols)) for name, symbols in users.items()]
    needs = [Need(*version, symbols) for version, symbols in parsed if version]
    newest_first = sorted(needs, key=lambda need: need.version, reverse=True)
    return sorted(newest_first, key=lambda need: FAMILIES.index(need.family))


def highest(needs: Iterable[Need]) -> dict[str, str]:
    """The highest version of each family."""
    found: dict[str, str] = {}
    for need in needs:
        found.setdefault(need.family, text_of(need.version))
    return found


def above(needs: Iterable[Need], base: BaseOS) -> list[Need]:
    """What the library asks for and the base OS does not have."""
    return [need for need in needs if need.version > _numbers(ceiling(need, base))]


def ceiling(need: Need, base: BaseOS) -> str:
    """The newest version that the base OS has of the family."""
    return {"GLIBC": base.glibc, "GLIBCXX": base.glibcxx, "CXXABI": base.cxxabi}[need.family]


def manylinux_tag(needs: Iterable[Need]) -> str | None:
    """The oldest manylinux tag whose systems have all that is needed; None when none has."""
    needs = list(needs)
    for glibc, glibcxx, cxxabi in _MANYLINUX:
        ceilings = {"GLIBC": glibc, "GLIBCXX": glibcxx, "CXXABI": cxxabi}
        if all(need.version <= ceilings[need.family] for need in needs):
            return f"manylinux_{glibc[0]}_{glibc[1]}_x86_64"
    return None


def parse(name: str) -> tuple[str, Version] | None:
    """("GLIBC", (2, 34)) for "GLIBC_2.34"; None for other families."""
    if name in _NAMED:
        return _NAMED[name]
    match = re.fullmatch(rf"({'|'.join(FAMILIES)})_(\d+(?:\.\d+)*)", name)
    return (match[1], _numbers(match[2])) if match else None


def text_of(version: Version) -> str:
    return ".".join(map(str, version))


def describe(need: Need, limit: int = 3) -> str:
    """The version and who asks for it, readable."""
    return f"{need}: {some(list(map(demangle, need.symbols)), limit)}" if need.symbols else str(need)


def _numbers(text: str) -> Version:
    return tuple(int(part) for part in text.split("."))
