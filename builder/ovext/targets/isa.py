"""The instruction set variants of a library; the table is cmake/isa.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ovext.errors import UnknownNameError, UsageError
from ovext.resources import cmake_dir

MULTI = "multi"
NATIVE = "native"


@dataclass(frozen=True)
class Isa:
    """One row: compiler flags, and the CPU features that code compiled with them may use."""

    id: str
    option: str  # of CMake
    flags: tuple[str, ...]
    features: tuple[str, ...]
    cpuinfo: tuple[str, ...]  # the same features as Linux names them

    def is_supported(self, cpuinfo_flags: frozenset[str]) -> bool:
        return set(self.cpuinfo) <= cpuinfo_flags


@cache
def isa_table() -> dict[str, Isa]:
    """Every row by its id, from the narrowest instruction set to the widest."""
    data = json.loads((cmake_dir() / "isa.json").read_text())
    return {
        row["id"]: Isa(
            id=row["id"],
            option=row["option"],
            flags=tuple(row["flags"]),
            features=tuple(row["features"]),
            cpuinfo=tuple(data["features"][feature]["cpuinfo"] for feature in row["features"]),
        )
        for row in data["variants"]
    }


def markdown_table() -> str:
    """The table as docs/isa.md shows it."""
    head = "| variant | compiler flags | CPU features that it needs | CMake option |\n|---|---|---|---|\n"
    rows = (
        f"| `{row.id}` | `{' '.join(row.flags)}` | {', '.join(row.features)} | `{row.option}` |\n"
        for row in isa_table().values()
    )
    return head + "".join(rows)


def parse_isa(text: str) -> tuple[str, ...]:
    """What `--isa` means: ("multi",), ("native",), or ids in the table's order.

    Raises:
        UnknownNameError: a name is not in the table.
        UsageError: multi or native together with something else, or nothing at all.
    """
    table = isa_table()
    names = [name.strip() for name in text.replace(";", ",").split(",") if name.strip()]
    for name in names:
        if name not in {*table, MULTI, NATIVE}:
            raise UnknownNameError("instruction set", name, table, f", or alone: {MULTI}, {NATIVE}")
    if not names or (len(names) > 1 and {MULTI, NATIVE} & set(names)):
        raise UsageError(
            f"'{text}' is not a choice of instruction sets",
            fix=f"Give one or more of {', '.join(table)} with commas between, or one of {MULTI}, {NATIVE} alone.",
        )
    if names[0] in {MULTI, NATIVE}:
        return (names[0],)
    return tuple(name for name in table if name in names)


def host_cpuinfo_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """The CPU features that the kernel offers to programs. It omits features whose registers it does not save."""
    for line in cpuinfo.read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "flags":
            return frozenset(value.split())
    return frozenset()
