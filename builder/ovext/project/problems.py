"""What is wrong in an op.toml, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovext.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

Problem = tuple[tuple[str | int, ...], str]  # where in the file, and what is wrong there


def unknown(name: str, what: str, known: Iterable[str]) -> str:
    known = list(known)
    listed = f"; there are {', '.join(known)}" if known else "; there is none"
    return f"'{name}' is no {what}{nearest(name, known)}{listed}"
