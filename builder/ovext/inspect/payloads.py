"""The builds for releases of OpenVINO inside one library."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ovext.errors import UnreadableFileError
from ovext.inspect.elf import Elf

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TABLE = "ovext_releases"  # the section with the table, as JSON
CONTENT = "ovext_payloads"  # the section with the payloads, one after the other


@dataclass(frozen=True)
class Payload:
    """A build for one release. `offset` and `size` are bytes in the section CONTENT."""

    release: str
    soname: str
    cxx11_abi: bool
    offset: int
    size: int
    sha256: str
    variants: tuple[str, ...]

    def text(self) -> str:
        return f"{self.soname}, {'new' if self.cxx11_abi else 'old'} C++ ABI, {self.size:,} bytes"


def payloads_of(elf: Elf) -> tuple[Payload, ...]:
    """The payloads of a library; none for one that is itself for one release.

    Raises:
        UnreadableFileError: the table is damaged.
    """
    section = elf.section(TABLE)
    if section is None:
        return ()
    try:
        rows = json.loads(elf.content(section).rstrip(b"\0"))
        return tuple(Payload(**{**row, "variants": tuple(row["variants"])}) for row in rows)
    except (ValueError, TypeError, KeyError) as error:
        raise UnreadableFileError(f"its table of releases is damaged: {error}", where=elf.path) from None


def content_of(elf: Elf, payload: Payload) -> bytes:
    """The payload, which is a library itself."""
    section = elf.section(CONTENT)
    return elf.content(section)[payload.offset : payload.offset + payload.size] if section else b""


def plain_library(library: Path, soname: str, folder: Path) -> Path:
    """The library if it is for one release, else a copy of its build for that libopenvino in the folder."""
    elf = Elf(library)
    for payload in payloads_of(elf):
        if payload.soname == soname:
            file = folder / library.name
            file.write_bytes(content_of(elf, payload))
            return file
    return library


def table_text(payloads: Sequence[Payload]) -> str:
    """The table, for the section TABLE."""
    return json.dumps([asdict(one) for one in payloads])
