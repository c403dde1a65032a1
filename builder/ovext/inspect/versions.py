"""The versions of glibc and libstdc++ symbols that a library requires, and what follows from them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.errors import ToolError
from ovext.inspect.demangle import demangle
from ovext.inspect.report import some

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ovext.inspect.elf import Elf
    from ovext.targets.base_os import BaseOS

FAMILIES = ("GLIBC", "GLIBCXX", "CXXABI")
# GLIBC_ABI_DT_RELR has no number, but only glibc 2.36 and newer have it.
_NAMED = {"GLIBC_ABI_DT_RELR": ("GLIBC", (2, 36))}
Version = tuple[int, ...]


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
    """The versions that the library requires and the base OS does not have."""
    return [need for need in needs if need.version > _numbers(ceiling(need, base))]


def ceiling(need: Need, base: BaseOS) -> str:
    """The newest version of the family on the base OS."""
    return {"GLIBC": base.glibc, "GLIBCXX": base.glibcxx, "CXXABI": base.cxxabi}[need.family]


def manylinux_tag(needs: Iterable[Need]) -> str | None:
    """The oldest manylinux tag whose systems have every required version; None if there is none."""
    needs = list(needs)
    for name, ceilings in _manylinux_policies().items():
        if all(need.version <= ceilings[need.family] for need in needs):
            return f"{name}_x86_64"
    return None


@cache
def _manylinux_policies() -> dict[str, dict[str, Version]]:
    """The newest version of each family that a tag allows, by tag, oldest first, from auditwheel."""
    found = find_spec("auditwheel")
    if found is None or found.origin is None:
        raise ToolError("the package auditwheel is missing, which ovext needs", fix="Install ovext again.")
    file = Path(found.origin).parent / "policy" / "manylinux-policy.json"
    try:
        policies = [one for one in json.loads(file.read_text(encoding="utf-8")) if one["name"].startswith("manylinux_")]
        table = {one["name"]: _ceilings(one["symbol_versions"]["x86_64"]) for one in policies}
    except (OSError, ValueError, LookupError, TypeError) as error:
        problem = f"the manylinux policies of auditwheel cannot be read: {error!r}"
        raise ToolError(problem, where=file, fix="Install the auditwheel that ovext asks for.") from None
    return dict(sorted(table.items(), key=lambda item: item[1]["GLIBC"]))


def _ceilings(allowed: Mapping[str, Sequence[str]]) -> dict[str, Version]:
    # There are words, such as TM_1, among the numbers.
    numbers = {family: [_numbers(one) for one in allowed[family] if one[:1].isdigit()] for family in FAMILIES}
    return {family: max(versions) for family, versions in numbers.items()}


def parse(name: str) -> tuple[str, Version] | None:
    """("GLIBC", (2, 34)) for "GLIBC_2.34"; None for other families."""
    if name in _NAMED:
        return _NAMED[name]
    match = re.fullmatch(rf"({'|'.join(FAMILIES)})_(\d+(?:\.\d+)*)", name)
    return (match[1], _numbers(match[2])) if match else None


def text_of(version: Version) -> str:
    return ".".join(map(str, version))


def describe(need: Need, limit: int = 3) -> str:
    """The version and the symbols that require it, as readable text."""
    return f"{need}: {some(list(map(demangle, need.symbols)), limit)}" if need.symbols else str(need)


def _numbers(text: str) -> Version:
    return tuple(int(part) for part in text.split("."))
