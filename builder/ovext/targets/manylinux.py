"""The manylinux policies for x86-64, from auditwheel: what every system has on which a wheel with a tag runs."""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovext.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FAMILIES = ("GLIBC", "GLIBCXX", "CXXABI")
Version = tuple[int, ...]


def numbers_of(text: str) -> Version:
    """(2, 34) for "2.34"."""
    return tuple(int(part) for part in text.split("."))


def text_of(version: Version) -> str:
    return ".".join(map(str, version))


def libraries_of_manylinux() -> frozenset[str]:
    """The libraries that every system has for which there is a manylinux tag."""
    return frozenset.intersection(*(frozenset(one["lib_whitelist"]) for one in _policies()))


def ceilings_with(glibc: str) -> dict[str, str]:
    """The newest version of each family that every system with that glibc has; empty if it is too old."""
    known = [one for one in _policies() if _ceilings(one)["GLIBC"] <= numbers_of(glibc)]
    newest = max(known, key=lambda one: _ceilings(one)["GLIBC"], default=None)
    found = _ceilings(newest, (*FAMILIES, "GCC")) if newest else {}
    return {family: text_of(version) for family, version in found.items()}


def is_released(family: str, number: str) -> bool:
    """Whether any release for x86-64 defines the version of the family; one that is newer than all known ones may."""
    known = {one for policy in _policies() for one in policy["symbol_versions"]["x86_64"].get(family, ())}
    numbers = [numbers_of(one) for one in known if one[:1].isdigit()]
    is_newer = number[:1].isdigit() and bool(numbers) and numbers_of(number) > max(numbers)
    return number in known or is_newer


def manylinux_ceilings() -> dict[str, dict[str, Version]]:
    """The newest version of each family that a tag allows, by tag, oldest first."""
    table = {one["name"]: _ceilings(one) for one in _policies()}
    return dict(sorted(table.items(), key=lambda item: item[1]["GLIBC"]))


@cache
def _policies() -> list[dict[str, Any]]:
    found = find_spec("auditwheel")
    if found is None or found.origin is None:
        raise ToolError("the package auditwheel is missing, which ovext needs", fix="Install ovext again.")
    file = Path(found.origin).parent / "policy" / "manylinux-policy.json"
    try:
        policies = json.loads(file.read_text(encoding="utf-8"))
        return [one for one in policies if one["name"].startswith("manylinux_") and "x86_64" in one["symbol_versions"]]
    except (OSError, ValueError, LookupError, TypeError) as error:
        problem = f"the manylinux policies of auditwheel cannot be read: {error!r}"
        raise ToolError(problem, where=file, fix="Install the auditwheel that ovext asks for.") from None


def _ceilings(policy: Mapping[str, Any], families: Sequence[str] = FAMILIES) -> dict[str, Version]:
    # There are words, such as TM_1, among the numbers.
    allowed: Mapping[str, Sequence[str]] = policy["symbol_versions"]["x86_64"]
    numbers = {family: [numbers_of(one) for one in allowed[family] if one[:1].isdigit()] for family in families}
    return {family: max(versions) for family, versions in numbers.items()}
