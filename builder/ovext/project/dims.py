"""The entries of `dims` in op.toml: patterns for dimensions."""

from __future__ import annotations

import re
from dataclasses import dataclass

REST = "..."
_DIM = re.compile(r"(?P<rest>\.\.\.)|(?P<name>[A-Za-z_]\w*)(?P<or_one>\|1)?|(?P<size>\d+)", re.ASCII)


@dataclass(frozen=True)
class DimPattern:
    """One entry of `dims`: a name (whose size may also be 1), a number, or the rest."""

    name: str = ""
    size: int | None = None
    or_one: bool = False
    is_rest: bool = False


def parse_dim(text: str) -> DimPattern:
    """The pattern for an entry of `dims`.

    Raises:
        ValueError: the entry is not valid.
    """
    found = _DIM.fullmatch(text)
    if not found:
        raise ValueError(f"'{text}' is no dimension: write a name, a number, a name with |1 behind it, or ...")
    size = None if found["size"] is None else int(found["size"])
    return DimPattern(found["name"] or "", size, bool(found["or_one"]), bool(found["rest"]))
