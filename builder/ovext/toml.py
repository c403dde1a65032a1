"""Reading TOML files, of users and of ovext, and finding the line of a key for messages."""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ovext.errors import ProjectError
from ovext.files import read_regular

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?")
_LARGEST = 1 << 20  # bytes
_DEEPEST_KEY = re.compile(r"(?:[\w-]+[ \t]*\.[ \t]*){64}")  # the parser keeps every beginning of a key
_KEY = re.compile(r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises:
        ProjectError: it does not exist, cannot be read, or is not TOML; the text names the line.
    """
    return parse_toml(read_text(path), path)


def read_text(path: Path) -> str:
    try:
        return read_regular(path, _LARGEST).decode()
    except FileNotFoundError:
        raise ProjectError("the file does not exist", where=path) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"the file cannot be read: {error}", where=path) from None


def parse_toml(text: str, path: Path) -> dict[str, Any]:
    if _DEEPEST_KEY.search(text):
        raise ProjectError("this is not TOML that can be read: a key has more than 64 parts", where=path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))
        where = f"{path}:{at[1]}" if at else str(path)
        raise ProjectError(f"this is not TOML: {error}", where=where) from None
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, arrays in arrays in arrays
        raise ProjectError(f"this is not TOML that can be read: {error}", where=path) from None


def line_of(text: str, keys: Sequence[str | int]) -> int:
    """The line of the key at the path `keys`, or of its nearest parent that has one.

    A number in the path counts tables of an array: ["inputs", 1, "name"] is in the second [[inputs]].
    """
    wanted = tuple(str(key) for key in keys)
    lines = _lines(text)
    known = (lines[wanted[:length]] for length in range(len(wanted), 0, -1) if wanted[:length] in lines)
    return next(known, 1)


@lru_cache(maxsize=4)
def _lines(text: str) -> dict[tuple[str, ...], int]:
    """The first line of each key and table, by its path."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    counts: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _split(header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, str(counts[table]))
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault(table + _split(key[1]), number)
    return found


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
