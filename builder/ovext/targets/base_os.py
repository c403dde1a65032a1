"""The base operating systems that a library can be built for; the table is base_os.toml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ovext.errors import UnknownNameError
from ovext.toml import read_toml

DEFAULT_BASE_OS = "ubuntu"
# The libraries of glibc and of GCC that every base OS has.
_GLIBC = (
    *("ld-linux-x86-64.so.2", "libc.so.6", "libm.so.6", "libmvec.so.1", "libdl.so.2", "libpthread.so.0", "librt.so.1"),
    *("libutil.so.1", "libresolv.so.2", "libanl.so.1", "libBrokenLocale.so.1", "libthread_db.so.1"),
)
_GCC = ("libstdc++.so.6", "libgcc_s.so.1")


@dataclass(frozen=True)
class BaseOS:
    """One row of the table, which explains each column. Versions look like "2.35"."""

    id: str
    title: str
    glibc: str
    glibcxx: str
    cxxabi: str
    libgcc: str
    libraries: tuple[str, ...] = ()  # every library of its bare image
    aliases: tuple[str, ...] = ()
    image: str = ""
    dockerfile: str = ""
    packages: tuple[str, ...] = ()
    python: str = ""
    cxx: str = ""


@cache
def base_os_table() -> dict[str, BaseOS]:
    """Every base OS by its id and by each of its aliases."""
    table: dict[str, BaseOS] = {}
    for name, row in read_toml(Path(__file__).with_name("base_os.toml")).items():
        aliases, packages, libraries = (tuple(row.pop(column, ())) for column in ("aliases", "packages", "libraries"))
        libraries = (*_GLIBC, *_GCC, *libraries)
        base = BaseOS(id=name, aliases=aliases, packages=packages, libraries=libraries, **row)
        table |= dict.fromkeys((name, *base.aliases), base)
    return table


def base_oses() -> list[BaseOS]:
    """Every base OS once, in the order of the table."""
    return list(dict.fromkeys(base_os_table().values()))


def find_base_os(name: str) -> BaseOS:
    """The base OS with that id or alias.

    Raises:
        UnknownNameError: there is none.
    """
    table = base_os_table()
    if name not in table:
        raise UnknownNameError("base OS", name, sorted(table))
    return table[name]
