"""Read the bytes of ELF files for x86-64 as the loader does: by program headers. Section headers only help.

This is own code instead of a library because many thousand symbols must take less than a second, and a damaged file
must not cost memory or time: every offset is checked, and a damaged file raises one error. The layouts follow the
System V ABI.
"""

from __future__ import annotations

import hashlib
import os
import struct
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple
from weakref import finalize

from ovext.errors import UnreadableFileError
from ovext.files import open_regular
from ovext.inspect.strings import Strings

if TYPE_CHECKING:
    from pathlib import Path

_X86_64 = 62
_SYSTEMS = {0, 3}  # of the header: any, and GNU
_MOST_MEMORY = 1 << 62  # no address is larger
_OBJECT_FILE = 1
_SHARED_OBJECT = 3
_LARGEST_HASHED = 1 << 30
_PIECE = 1 << 20
_SEGMENT_TYPES = {
    1: "load",
    2: "dynamic",
    3: "interpreter",
    4: "note",
    7: "tls",
    0x6474E550: "unwind",
    0x6474E551: "stack",
    0x6474E552: "relro",
    0x6474E553: "property",
}
_SECTION_TYPES = {2: "symtab", 8: "nobits", 11: "dynsym"}
_LOADED_SECTION, _EXECUTABLE_SECTION = 2, 4


class Segment(NamedTuple):
    type: str
    flags: int
    offset: int
    address: int
    file_size: int
    memory_size: int
    alignment: int

    @property
    def is_executable(self) -> bool:
        return bool(self.flags & 1)

    @property
    def is_writable(self) -> bool:
        return bool(self.flags & 2)


class Section(NamedTuple):
    name: str
    type: str
    flags: int
    address: int
    offset: int
    size: int
    link: int

    @property
    def is_executable(self) -> bool:
        return bool(self.flags & _EXECUTABLE_SECTION)

    @property
    def is_loaded(self) -> bool:
        return bool(self.flags & _LOADED_SECTION)


class ElfFile:
    """The bytes of a shared library or object file for x86-64, and where they go in memory.

    Raises:
        UnreadableFileError: on construction or on any property: the file cannot be read, is of another kind, or is
            damaged.
    """

    has_damaged_sections = False

    def __init__(self, path: Path, data: bytes | None = None) -> None:
        self.path = path
        self._data = data
        if data is None:
            self._file = _opened(path)
            finalize(self, os.close, self._file)
        self._size = os.fstat(self._file).st_size if data is None else len(data)
        self._check_header()

    @property
    def size(self) -> int:
        """Of the file, in bytes."""
        return self._size

    @property
    def is_library(self) -> bool:
        return self._type == _SHARED_OBJECT

    @cached_property
    def segments(self) -> list[Segment]:
        offset, count = self._segment_table
        rows = [self._unpack("<IIQQQQQQ", offset + 56 * index) for index in range(count)]
        found = []
        for type_, flags, at, address, _, file_size, memory_size, alignment in rows:
            self._check_end(at + file_size)
            if address + max(memory_size, file_size) > _MOST_MEMORY:
                raise self.damaged(f"a segment ends at the address {address + memory_size:#x}")
            found.append(
                Segment(_SEGMENT_TYPES.get(type_, "other"), flags, at, address, file_size, memory_size, alignment)
            )
        return found

    def segments_of(self, type_: str) -> list[Segment]:
        return self._by_type.get(type_, [])

    @cached_property
    def _by_type(self) -> dict[str, list[Segment]]:
        found: dict[str, list[Segment]] = {}
        for segment in self.segments:
            found.setdefault(segment.type, []).append(segment)
        return found

    @cached_property
    def sections(self) -> list[Section]:
        """The section headers; none if the file has none, or if they are damaged: the loader needs none."""
        try:
            offset, count, names_index = self._section_table
            rows = [self._unpack("<IIQQQQIIQQ", offset + 64 * index) for index in range(count if offset else 0)]
            name_table = rows[names_index] if names_index < len(rows) else (0,) * 10
            strings = Strings(self._bytes(name_table[4], name_table[5]))
            names = [strings.at(row[0]) for row in rows]
        except UnreadableFileError:
            self.has_damaged_sections = True
            return []
        found = []
        for name, (_, type_, flags, address, at, size, link, *_) in zip(names, rows, strict=True):
            kind = _SECTION_TYPES.get(type_, "other")
            found.append(Section(name, kind, flags, address, at, size, link))
        return found

    def section(self, name: str) -> Section | None:
        return next((section for section in self.sections if section.name == name), None)

    def whole(self) -> bytes:
        """The file's bytes."""
        return self._bytes(0, self._size)

    def sha256(self) -> str:
        """The hash of the file's bytes; empty for a file so large that it takes seconds."""
        if self._size > _LARGEST_HASHED:
            return ""
        state = hashlib.sha256()
        for offset in range(0, self._size, _PIECE):
            state.update(self._bytes(offset, min(_PIECE, self._size - offset)))
        return state.hexdigest()

    def content(self, section: Section) -> bytes:
        return b"" if section.type == "nobits" else self._bytes(section.offset, section.size)

    def at(self, address: int, size: int | None = None) -> bytes:
        """The bytes that the file puts at an address; up to the end of its segment, without a size."""
        for segment in self.segments_of("load"):
            if segment.address <= address < segment.address + segment.file_size:
                rest = segment.address + segment.file_size - address
                if size is None or size <= rest:
                    return self._bytes(segment.offset + address - segment.address, rest if size is None else size)
        raise self.damaged(f"a table is at the address {address:#x}, which it does not fill")

    def is_code(self, address: int) -> bool:
        return any(
            one.is_executable and one.address <= address < one.address + one.file_size
            for one in self.segments_of("load")
        )

    def _check_header(self) -> None:
        begin = self._read(0, 8)
        if begin[:4] != b"\x7fELF":
            raise UnreadableFileError(_what_else(begin), where=self.path)
        if self._size < 64:  # noqa: PLR2004  the size of the header
            raise self.damaged("it is truncated in its header")
        if begin[4:6] != b"\x02\x01":  # 64-bit, little endian
            raise UnreadableFileError(
                "this is no 64-bit x86 file: it is built for another architecture", where=self.path
            )
        abi, *padding = self._read(8, 8)
        self.is_of_loader = begin[6] == 1 and begin[7] in _SYSTEMS and not any(padding) and abi <= begin[7]
        self._type, machine, version = self._unpack("<HHI", 16)
        (segment_size,) = self._unpack("<H", 54)
        self.is_of_loader = self.is_of_loader and version == 1 and segment_size == 56  # noqa: PLR2004  bytes
        if machine != _X86_64:
            raise UnreadableFileError(
                f"this file is built for another architecture (ELF machine {machine}), not for x86-64", where=self.path
            )
        if self._type not in {_SHARED_OBJECT, _OBJECT_FILE}:
            raise UnreadableFileError("this is neither a shared library nor an object file", where=self.path)
        segment_offset, section_offset = self._unpack("<QQ", 32)
        segment_count, _, section_count, names_index = self._unpack("<HHHH", 56)
        self._segment_table = (segment_offset, segment_count)
        self._section_table = (section_offset, section_count, names_index)

    def _check_end(self, end: int) -> None:
        if end > self._size:
            raise self.damaged(f"it is truncated: it ends at byte {self._size}, before byte {end}")

    def _bytes(self, offset: int, size: int) -> bytes:
        self._check_end(offset + size)
        return self._read(offset, size)

    def _read(self, offset: int, size: int) -> bytes:
        if self._data is not None:
            return self._data[offset : offset + size]
        try:
            return os.pread(self._file, size, offset)
        except OSError as error:
            raise UnreadableFileError(f"the file cannot be read: {error.strerror}", where=self.path) from None

    def _numbers(self, letter: str, content: bytes) -> tuple[int, ...]:
        count = len(content) // struct.calcsize(letter)
        return struct.unpack_from(f"<{count}{letter}", content)

    def _unpack(self, layout: str, offset: int, data: bytes | None = None) -> tuple[int, ...]:
        try:
            if data is None:
                return struct.unpack(layout, self._bytes(offset, struct.calcsize(layout)))
            return struct.unpack_from(layout, data, offset)
        except (struct.error, OverflowError):
            raise self.damaged(f"a table reaches beyond its end, at byte {offset}") from None

    def damaged(self, how: str) -> UnreadableFileError:
        """The error that says how this file is damaged."""
        return UnreadableFileError(f"this file is damaged: {how}", where=self.path)


def _opened(path: Path) -> int:
    try:
        return open_regular(path)
    except OSError as error:
        raise UnreadableFileError(f"the file cannot be read: {error.strerror}", where=path) from None


def _what_else(begin: bytes) -> str:
    """What a file is that is no ELF file."""
    if begin.startswith(b"MZ"):
        return "this is a Windows library or program, not a Linux library"
    if begin[:4] in {b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xfe\xed\xfa\xcf"}:
        return "this is a macOS library or program, not a Linux library"
    return "this is no ELF file"
