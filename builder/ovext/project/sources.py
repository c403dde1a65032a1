"""The source files of a project, without what was built in it and what tools keep there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# In the project's own folder.
PRODUCTS = frozenset({"build", "dist", "lib", "wheelhouse"})
# Anywhere.
KEPT_BY_TOOLS = frozenset(
    {
        ".git",
        ".hypothesis",
        ".idea",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".ruff_cache",
        ".tox",
        ".venv",
        ".vscode",
        "__pycache__",
        "node_modules",
        "venv",
    }
)


def products_of(root: Path, *others: Path) -> list[Path]:
    """The folders of the project in `root` that hold no sources, and others that ovext writes."""
    return [*(root / name for name in sorted(PRODUCTS)), *others]


def source_files(root: Path, output: Path | None = None) -> Iterator[Path]:
    """Every source file of the project in `root`, always in the same order, without those in the folder `output`."""
    for path in sorted(root.iterdir()):
        if path.name not in PRODUCTS:
            yield from files_below(path, output)


def files_below(path: Path, left_out: Path | None = None) -> Iterator[Path]:
    """The path itself if it is a file, else every file below it, without those that tools keep."""
    if path.name in KEPT_BY_TOOLS or path == left_out or (path / "pyvenv.cfg").is_file():
        return
    if path.is_dir():
        for entry in sorted(path.iterdir()):
            yield from files_below(entry, left_out)
    elif path.is_file():
        yield path
