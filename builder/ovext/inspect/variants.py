"""The instruction set variants that a library was built with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovext.inspect.elf import Elf

if TYPE_CHECKING:
    from pathlib import Path

_SECTION = ".ovext.variants"  # written by cmake/runtime/dispatch.cpp


def compiled_variants(library: Path) -> tuple[str, ...] | None:
    """The ids in the table's order; None for a library that was not built with ovext.

    Raises:
        UnreadableFileError: the file cannot be read, is no ELF file, or is damaged.
    """
    return variants_in(Elf(library))


def variants_in(elf: Elf) -> tuple[str, ...] | None:
    section = elf.section(_SECTION)
    text = elf.content(section).rstrip(b"\0").decode("ascii", "replace") if section else ""
    return tuple(text.split(";")) if text else None
