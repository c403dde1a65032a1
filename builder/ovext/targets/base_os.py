"""The base operating systems that a library can be built for; the table is base_os.toml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ovext.errors import UnknownNameError
from ovext.toml import read_toml

DEFAULT_BASE_OS = "ubuntu"


@dataclass(frozen=True)
class BaseOS:
    """One row of the table. Versions are the newest that its C and C++ libraries define, such as "2.35"."""

    id: str
    title: str
    glibc: str
    glibcxx: str
    cxxabi: str
    aliases: tuple[str, ...] = ()


@cache
def base_os_table() -> dict[str, BaseOS]:
    """Every base OS by its id and by each of its aliases."""
    table: dict[str, BaseOS] = {}
    for name, row in read_toml(Path(__file__).with_name("base_os.toml")).items():
        base = BaseOS(id=name, aliases=tuple(row.pop("aliases", ())), **row)
        table |= dict.fromkeys((name, *base.aliases), base)
    return table


def find_base_os(name: str) -> BaseOS:
    """The base OS of that id or alias.

    Raises:
        UnknownNameError: there is none.
    """
    table = base_os_table()
    if name not in table:
        raise UnknownNameError("base OS", name, sorted(table))
    return table[name]
