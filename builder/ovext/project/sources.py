"""The files that a project consists of, without those that were built in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PRODUCTS = frozenset({"build", "dist", "lib"})  # in the project's own folder
_NEVER = frozenset({".git", ".hypothesis", "__pycache__"})


def source_files(root: Path) -> Iterator[Path]:
    """Every source file of the project in `root`, in an order that is always the same."""
    for path in sorted(root.iterdir()):
        if path.name not in _PRODUCTS:
            yield from files_below(path)


def files_below(path: Path) -> Iterator[Path]:
    """The path itself if it is a file, else every file below it, without caches."""
    if path.name in _NEVER:
        return
    if path.is_dir():
        for entry in sorted(path.iterdir()):
            yield from files_below(entry)
    elif path.is_file():
        yield path
