"""Findings about a line of the user's files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovext.findings import Finding, Level

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, order=True)
class Place:
    """A line of a user's file."""

    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, kw_only=True)
class PlacedFinding(Finding):
    """A finding and the line that it is about; `detail` is what there is to read besides, such as a compiler's log."""

    where: Place
    detail: str = ""


def error(code: str, where: Place, text: str, fix: str = "") -> PlacedFinding:
    return PlacedFinding(code, Level.ERROR, text, fix, where=where)


def warning(code: str, where: Place, text: str, fix: str = "") -> PlacedFinding:
    return PlacedFinding(code, Level.WARNING, text, fix, where=where)


def note(code: str, where: Place, text: str, fix: str = "") -> PlacedFinding:
    return PlacedFinding(code, Level.NOTE, text, fix, where=where)
