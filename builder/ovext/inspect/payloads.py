"""The builds for releases of OpenVINO inside one library."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ovext.errors import LibraryError, UnreadableFileError
from ovext.inspect.elf import Elf

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ovext.toolchain.openvino import OpenVINO

TABLE = "ovext_releases"  # the section with the table, as JSON
CONTENT = "ovext_payloads"  # the section with the payloads, one after the other
_RELEASE = re.compile(r"20\d\d\.\d{1,3}\.\d{1,3}((a|b|rc)\d{1,3})?(\.dev\d{1,9})?")
_SONAME = re.compile(r"libopenvino\.so\.\d{4,6}")
_VARIANT = re.compile(r"[a-z0-9_]{1,40}")
_LARGEST_FILE = 1 << 31  # bytes
_FILE = re.compile(r"(lib[A-Za-z0-9_.+-]{1,200}\.so)?")


@dataclass(frozen=True)
class Payload:
    """A build for one release: bytes in the section CONTENT, or a file beside the library."""

    release: str
    soname: str
    cxx11_abi: bool
    offset: int
    size: int
    sha256: str
    variants: tuple[str, ...]
    file: str = ""

    def is_plausible(self, room: int) -> bool:
        """Whether each field can be what it says; `room` is the size of all payloads."""
        numbers = (self.offset, self.size)
        words = ((self.release, _RELEASE), (self.soname, _SONAME), (self.file, _FILE))
        texts = (*words, *((one, _VARIANT) for one in self.variants))
        return (
            all(isinstance(text, str) and pattern.fullmatch(text) for text, pattern in texts)
            and isinstance(self.cxx11_abi, bool)
            and all(type(number) is int and number >= 0 for number in numbers)
            and self.offset + self.size <= (_LARGEST_FILE if self.file else room)
        )

    def text(self) -> str:
        place = f", in {self.file}" if self.file else ""
        return f"{self.soname}, {'new' if self.cxx11_abi else 'old'} C++ ABI, {self.size:,} bytes{place}"


def payloads_of(elf: Elf) -> tuple[Payload, ...]:
    """The payloads of a library; none for one that is itself for one release.

    Raises:
        UnreadableFileError: the table is damaged.
    """
    table, content = elf.section(TABLE), elf.section(CONTENT)
    if table is None and content is None:
        return ()
    try:
        rows = json.loads(elf.content(table).rstrip(b"\0") if table else b"")
        payloads = tuple(Payload(**{**row, "variants": tuple(row["variants"])}) for row in rows)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        payloads = ()
    room = content.size if content else 0
    different = {(one.soname, one.cxx11_abi) for one in payloads if one.is_plausible(room)}
    names = {one.release for one in payloads}
    if not payloads or len(different) < len(payloads) or len(names) < len(payloads):
        raise UnreadableFileError("its table of releases is damaged", where=elf.path)
    return payloads


def library_of(elf: Elf, payload: Payload) -> Elf:
    """The payload, which is a library itself.

    Raises:
        UnreadableFileError: it has builds inside, too; or it should be in a file, and that is another one or missing.
    """
    if payload.file:
        what = f"its build for OpenVINO {payload.release}, {payload.file} beside it,"
        try:
            inner = Elf(elf.path.with_name(payload.file))
        except UnreadableFileError as error:
            raise UnreadableFileError(f"{what} is missing or damaged: {error.what}", where=elf.path) from None
        if inner.size != payload.size or hashlib.sha256(inner.whole()).hexdigest() != payload.sha256:
            raise UnreadableFileError(f"{what} is not the one that it was made with", where=elf.path)
    else:
        section = elf.section(CONTENT)
        inner = Elf(elf.path, elf.content(section)[payload.offset : payload.offset + payload.size] if section else b"")
    if inner.section(CONTENT):
        raise UnreadableFileError(f"its build for OpenVINO {payload.release} has builds inside", where=elf.path)
    return inner


def is_beside_a_library(elf: Elf, release: str) -> bool:
    """Whether it is such a file for a release, by its name: it is loaded only by the library that it lies beside."""
    return elf.path.name.endswith(f"-openvino-{release}.so")


def plain_library(library: Path, openvino: OpenVINO, folder: Path) -> Path:
    """The library if it is for one release, else its build for that OpenVINO: a file beside it, or one in the folder.

    Raises:
        LibraryError: it has no build for that OpenVINO.
    """
    elf = Elf(library)
    payloads = payloads_of(elf)
    if not payloads:
        return library
    for payload in payloads:
        if (payload.soname, payload.cxx11_abi) == (openvino.soname, openvino.cxx11_abi):
            inner = library_of(elf, payload)
            if payload.file:
                return inner.path
            file = folder / library.name
            file.write_bytes(inner.whole())
            return file
    releases = ", ".join(one.release for one in payloads)
    raise LibraryError(f"it is built for OpenVINO {releases}, not for {openvino.version}", where=library)


def table_text(payloads: Sequence[Payload]) -> str:
    """The table, for the section TABLE."""
    return json.dumps([asdict(one) for one in payloads])
