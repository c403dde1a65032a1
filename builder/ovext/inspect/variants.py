"""The instruction set variants of a library: each has its code in its own section, even in a stripped file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ovext.inspect.elf import Elf
from ovext.inspect.payloads import payloads_of
from ovext.targets.isa import isa_table

if TYPE_CHECKING:
    from pathlib import Path

    from ovext.inspect.elf_file import Section

_CODE = re.compile(r"ovext_text_([a-z0-9_]+)")  # the section's name; cmake/seal_objects.cmake makes it


def variant_of(section: Section) -> str | None:
    """The variant whose code the section contains; None for other sections."""
    match = _CODE.fullmatch(section.name)
    return match[1] if match else None


def variants_in(elf: Elf) -> tuple[str, ...] | None:
    """The ids of the library's variants, in the table's order; None for a library that was not built with ovext."""
    if payloads := payloads_of(elf):
        return payloads[0].variants
    found = [variant for section in elf.sections if (variant := variant_of(section))]
    table = list(isa_table())
    ordered = sorted(found, key=lambda id_: table.index(id_) if id_ in table else len(table))
    return tuple(dict.fromkeys(ordered)) or None


def compiled_variants(library: Path) -> tuple[str, ...] | None:
    """The result of `variants_in` for a file.

    Raises:
        UnreadableFileError: the file cannot be read, is no ELF file, or is damaged.
    """
    return variants_in(Elf(library))
