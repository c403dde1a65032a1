"""The instruction set variants that a library was built with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from ovext.errors import LibraryError

if TYPE_CHECKING:
    from pathlib import Path

_SECTION = ".ovext.variants"  # written by cmake/runtime/dispatch.cpp


def compiled_variants(library: Path) -> tuple[str, ...] | None:
    """The ids in the table's order; None for a library that was not built with ovext.

    Raises:
        LibraryError: the file cannot be read or is no ELF file.
    """
    try:
        with library.open("rb") as file:
            section = ELFFile(file).get_section_by_name(_SECTION)
            text = section.data().rstrip(b"\0").decode() if section else None
    except OSError as error:
        raise LibraryError(f"the library cannot be read: {error.strerror}", where=library) from None
    except (ELFError, UnicodeDecodeError) as error:
        raise LibraryError(f"this is no library: {error}", where=library) from None
    return tuple(text.split(";")) if text else None
