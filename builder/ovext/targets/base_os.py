"""The base operating systems that a library can be built for: the table in base_os.toml, and a project's own rows."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ovext.errors import UnknownNameError
from ovext.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_BASE_OS = "ubuntu"
# The libraries of glibc and of GCC, which every base OS of the table has.
_GLIBC = (
    *("ld-linux-x86-64.so.2", "libc.so.6", "libm.so.6", "libmvec.so.1", "libdl.so.2", "libpthread.so.0", "librt.so.1"),
    *("libutil.so.1", "libresolv.so.2", "libanl.so.1", "libBrokenLocale.so.1", "libthread_db.so.1"),
)
_GCC = ("libstdc++.so.6", "libgcc_s.so.1")
_ALWAYS_THERE = (*_GLIBC, *_GCC)
# How the packages for a builder are called where a package manager brings them.
_PACKAGES = {
    "ubuntu": {"packages": ["ca-certificates", "g++", "python3-venv"], "python": "python3"},
    "redhat": {"packages": ["gcc-c++", "python3.12", "shadow-utils", "tar"], "python": "python3.12"},
}

# Words that name something else where an id is used: the folders and products of a matrix, and verdicts.
RESERVED = frozenset(("any", "conan", "here", "library", "wheel", "wheels"))
FAMILIES = {"glibcxx": "GLIBCXX", "cxxabi": "CXXABI", "libgcc": "GCC"}  # the columns that may follow from glibc


# What the name of an image may have, too.
BaseOSName = Annotated[str, Field(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*$", max_length=64)]
_Version = Annotated[str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9}){0,5}$")]
_Word = Annotated[str, Field(pattern=r"^[\w./+-]*$")]


class BaseOS(BaseModel):
    """One row of the table; base_os.toml explains each column. Versions look like "2.35"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: BaseOSName
    title: str
    glibc: _Version
    glibcxx: _Version
    cxxabi: _Version
    libgcc: _Version
    libraries: tuple[str, ...]  # every library of its bare image
    aliases: tuple[BaseOSName, ...] = ()
    image: str = ""
    dockerfile: Literal["ubuntu", "redhat"] = "ubuntu"
    packages: tuple[str, ...] = ()
    python: _Word = ""
    cxx: _Word = "g++"

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, row: Any) -> Any:
        """The row with what follows from its glibc and its package manager where it says nothing."""
        if not isinstance(row, dict):
            return row
        row = {"title": row.get("id"), "dockerfile": "ubuntu", **row}
        known = _PACKAGES.get(str(row["dockerfile"]), {})
        return {"libraries": _ALWAYS_THERE, **known, **_following_from(row), **row}

    @property
    def names(self) -> tuple[str, ...]:
        return (self.id, *self.aliases)


def _following_from(row: dict[str, Any]) -> dict[str, str]:
    """The ceilings that every system with that glibc has. Nothing if the row has its own, or no such version."""
    from ovext.targets.manylinux import ceilings_with  # noqa: PLC0415  the table itself needs no policies

    glibc = row.get("glibc")
    is_version = isinstance(glibc, str) and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})*", glibc)
    if row.keys() >= FAMILIES.keys() or not is_version:
        return dict.fromkeys(FAMILIES, "0")  # of no use, but then the problem with glibc is the only one
    found = ceilings_with(str(glibc))
    if not found:
        raise ValueError(f"nothing follows from glibc {glibc}, which is too old: state {', '.join(FAMILIES)} too")
    return {column: found[family] for column, family in FAMILIES.items()}


@cache
def base_oses() -> tuple[BaseOS, ...]:
    """Every base OS of ovext's own table, in its order."""
    table = read_toml(Path(__file__).with_name("base_os.toml"))
    rows = ({**row, "id": name, "libraries": (*_ALWAYS_THERE, *row["libraries"])} for name, row in table.items())
    return tuple(map(BaseOS.model_validate, rows))


def names_of_base_oses(own: Iterable[BaseOS] = ()) -> list[str]:
    """Every id and alias, with those of a project's own rows."""
    return [name for base in (*base_oses(), *own) for name in base.names]


def find_base_os(name: str, own: Iterable[BaseOS] = ()) -> BaseOS:
    """The base OS with that id or alias; `own` are the rows of a project.

    Raises:
        UnknownNameError: there is none.
    """
    found = next((base for base in (*base_oses(), *own) if name in base.names), None)
    if found is None:
        raise UnknownNameError("base OS", name, sorted(names_of_base_oses(own)))
    return found
