"""What the values of an input mean, as `values` in [test] of op.toml says it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from ovext.project.shapes import check_formula, evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping

_PART = re.compile(r"\s*(?:index\((?P<index>.+)\)|one of \[(?P<one_of>[^\]]*)\]|(?P<word>sorted|unique))\s*")


@dataclass(frozen=True)
class Meaning:
    """What holds for the values of an input.

    `index` is the formula for the number of things that a value is an index of; `one_of` are the values that it can be.
    `is_sorted` and `is_unique` are about the values along the last dimension.
    """

    index: str = ""
    one_of: tuple[float, ...] = ()
    is_sorted: bool = False
    is_unique: bool = False

    def limits(self, sizes: Mapping[str, int]) -> tuple[float, float] | None:
        """The lowest and the highest value in a model with these sizes; None if `index` is not given."""
        return (0, evaluate(self.index, sizes) - 1) if self.index else None

    def to_json(self) -> dict[str, Any]:
        """What the worker needs besides the limits."""
        return {"one_of": list(self.one_of), "sorted": self.is_sorted, "unique": self.is_unique}


@cache
def parse_meaning(text: str) -> Meaning:
    """The meaning of a text such as "index(N), sorted", "unique" or "one of [0, 1]".

    Raises:
        ValueError: it is something else.
    """
    found: dict[str, Any] = {}
    for part in _parts(text):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(
                f"'{part.strip()}' says nothing about values: write index(SIZE), sorted, unique or one of [NUMBERS]"
            )
        if match["index"]:
            check_formula(match["index"])
            if re.search("[<>=]", match["index"]):
                raise ValueError(f"'{match['index']}' is no number of things")
            found["index"] = match["index"]
        elif match["one_of"] is not None:
            found["one_of"] = tuple(float(one) for one in match["one_of"].split(","))
        else:
            found[f"is_{match['word']}"] = True
    return Meaning(**found)


def _parts(text: str) -> list[str]:
    """The text between the commas that are in no brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts
