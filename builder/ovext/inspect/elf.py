"""Read ELF files for x86-64, intact or damaged: every offset is checked, and a damaged file raises one error.

This is own code instead of a library because many thousand symbols must take less than a second, and a damaged file
must not cost memory or time. The layouts follow the System V ABI and the Linux Standard Base (symbol versions).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ovext.errors import UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_X86_64 = 62
_SHARED_OBJECT = 3
_OBJECT_FILE = 1
_SECTION_TYPES = {
    "symtab": 2,
    "rela": 4,
    "dynamic": 6,
    "nobits": 8,
    "dynsym": 11,
    "relr": 19,
    "verneed": 0x6FFFFFFE,
    "versym": 0x6FFFFFFF,
}
_SEGMENT_TYPES = {"stack": 0x6474E551, "relro": 0x6474E552}
_EXECUTABLE_SEGMENT = 1
_EXECUTABLE_SECTION = 4
_BINDINGS = {0: "local", 1: "global", 2: "weak", 10: "unique"}
_FUNCTION = 2
_RELATIVE = 8
_RESOLVED = 37
_DYNAMIC_TAGS = {
    1: "NEEDED",
    14: "SONAME",
    15: "RPATH",
    22: "TEXTREL",
    29: "RUNPATH",
    30: "FLAGS",
}
_STRING_TAGS = {"NEEDED", "SONAME", "RPATH", "RUNPATH"}
_FLAG_TEXTREL = 4


@dataclass(frozen=True)
class Section:
    name: str
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int

    @property
    def is_executable(self) -> bool:
        return bool(self.flags & _EXECUTABLE_SECTION)


@dataclass(frozen=True)
class Symbol:
    """A symbol; `version` is the one it needs, such as "GLIBC_2.34", or None."""

    name: str
    binding: str  # local, global, weak or unique
    is_function: bool
    section: int  # 0 when undefined
    value: int
    size: int
    version: str | None = None

    @property
    def is_defined(self) -> bool:
        return self.section != 0


class Elf:
    """A shared library or object file for x86-64.

    Raises:
        UnreadableFileError: on construction or on any property: the file cannot be read, is of another kind, or is
            damaged.
    """

    def __init__(self, path: Path, data: bytes | None = None) -> None:
        self.path = path
        if data is None:
            try:
                if path.exists() and not path.is_file():
                    raise UnreadableFileError("this is no file", where=path)
                data = path.read_bytes()
            except OSError as error:
                raise UnreadableFileError(f"the file cannot be read: {error.strerror}", where=path) from None
        self.data = data
        self._check_header()

    @property
    def is_library(self) -> bool:
        return self._type == _SHARED_OBJECT

    @cached_property
    def sections(self) -> list[Section]:
        offset, count, names_index = self._section_table
        rows = [self._unpack("<IIQQQQIIQQ", offset + 64 * index) for index in range(count)]
        if not rows:
            raise self.damaged("it has no section headers")
        names = b""
        if names_index < count:
            names = self._bytes(rows[names_index][4], rows[names_index][5])
        return [Section(_string(names, row[0]), row[1], row[2], row[3], row[4], row[5], row[6]) for row in rows]

    def section(self, name: str) -> Section | None:
        return next((section for section in self.sections if section.name == name), None)

    def content(self, section: Section) -> bytes:
        if section.type == _SECTION_TYPES["nobits"]:
            return b""
        return self._bytes(section.offset, section.size)

    @cached_property
    def dynamic(self) -> dict[str, list[str | int]]:
        """The values of the known dynamic tags, with strings resolved."""
        section = self._of_type("dynamic")
        if section is None:
            return {}
        content = self.content(section)
        strings = self._linked_strings(section)
        values: dict[str, list[str | int]] = {}
        for tag, value in struct.iter_unpack("<QQ", content[: len(content) // 16 * 16]):
            if tag == 0:
                break
            if name := _DYNAMIC_TAGS.get(tag):
                values.setdefault(name, []).append(_string(strings, value) if name in _STRING_TAGS else value)
        return values

    @cached_property
    def dynamic_symbols(self) -> list[Symbol]:
        """The symbols that the library provides and requires, with the required versions."""
        section = self._of_type("dynsym")
        return list(self._symbols(section, self._version_names())) if section else []

    @cached_property
    def exported(self) -> list[Symbol]:
        """The symbols that the library provides to others."""
        return [symbol for symbol in self.dynamic_symbols if symbol.is_defined and symbol.binding != "local"]

    @cached_property
    def undefined(self) -> list[Symbol]:
        """The symbols that the library requires from others."""
        return [symbol for symbol in self.dynamic_symbols if not symbol.is_defined]

    @cached_property
    def symbols(self) -> list[Symbol]:
        """The full symbol table; empty in a stripped file."""
        section = self._of_type("symtab")
        return list(self._symbols(section, {})) if section else []

    @cached_property
    def has_executable_stack(self) -> bool:
        flags = [flags for type_, flags in self._segments if type_ == _SEGMENT_TYPES["stack"]]
        return not flags or any(value & _EXECUTABLE_SEGMENT for value in flags)

    @cached_property
    def has_relro(self) -> bool:
        return any(type_ == _SEGMENT_TYPES["relro"] for type_, _ in self._segments)

    @cached_property
    def has_text_relocations(self) -> bool:
        return "TEXTREL" in self.dynamic or any(int(flags) & _FLAG_TEXTREL for flags in self.dynamic.get("FLAGS", []))

    @cached_property
    def needed_versions(self) -> list[str]:
        """Every symbol version that the library requires from others, such as "GLIBC_2.34"."""
        return sorted(set(self._version_names().values()))

    def pointers_in(self, section: Section) -> list[int]:
        """The addresses in this file that the loader writes into a section of pointers, in order."""
        begin, end = section.address, section.address + len(self.content(section))
        found = {place: target for place, kind, target in self._relocations if kind == _RELATIVE}
        found = {place: target for place, target in found.items() if begin <= place < end}
        found |= self._packed_relocations(section)
        return [found[place] for place in sorted(found)]

    @property
    def resolvers(self) -> list[int]:
        """The functions that the loader calls to choose others (ifunc)."""
        return [target for _, kind, target in self._relocations if kind == _RESOLVED]

    @property
    def _relocations(self) -> Iterator[tuple[int, int, int]]:
        """Place, kind and target of each relocation."""
        for section in self.sections:
            if section.type == _SECTION_TYPES["rela"]:
                content = self.content(section)
                for place, info, target in struct.iter_unpack("<QQq", content[: len(content) // 24 * 24]):
                    yield place, info & 0xFFFFFFFF, target

    def _packed_relocations(self, pointers: Section) -> dict[int, int]:
        """The DT_RELR relocations in a section: an even word is a place, an odd one a bit map of the next 63 places."""
        section = self._of_type("relr")
        content, words = self.content(section) if section else b"", self.content(pointers)
        found = {}
        following = 0
        for (word,) in struct.iter_unpack("<Q", content[: len(content) // 8 * 8]):
            if word & 1 == 0:
                places, following = [word], word + 8
            else:
                is_near = following < pointers.address + len(words) and following + 8 * 63 > pointers.address
                places = [following + 8 * bit for bit in range(63) if word >> (bit + 1) & 1] if is_near else []
                following += 8 * 63
            for place in places:
                offset = place - pointers.address
                if 0 <= offset <= len(words) - 8:
                    (found[place],) = self._unpack("<Q", offset, words)
        return found

    def strings_of(self, tag: str) -> list[str]:
        return [str(value) for value in self.dynamic.get(tag, [])]

    def _check_header(self) -> None:
        if self.data[:4] != b"\x7fELF":
            raise UnreadableFileError("this is no ELF file", where=self.path)
        if len(self.data) < 64:  # noqa: PLR2004  the size of the header
            raise self.damaged("it is truncated in its header")
        if self.data[4] != 2 or self.data[5] != 1:  # noqa: PLR2004  64-bit, little endian
            raise UnreadableFileError(
                "this is no 64-bit x86 file: it is built for another architecture", where=self.path
            )
        self._type, machine = self._unpack("<HH", 16)
        if machine != _X86_64:
            raise UnreadableFileError(
                f"this file is built for another architecture (ELF machine {machine}), not for x86-64", where=self.path
            )
        if self._type not in {_SHARED_OBJECT, _OBJECT_FILE}:
            raise UnreadableFileError("this is neither a shared library nor an object file", where=self.path)
        segment_offset, section_offset = self._unpack("<QQ", 32)
        segment_count, _, section_count, names_index = self._unpack("<HHHH", 56)
        self._section_table = (section_offset, section_count, names_index)
        rows = [self._unpack("<IIQQQQ", segment_offset + 56 * index) for index in range(segment_count)]
        for _, _, offset, _, _, size in rows:
            self._check_end(offset + size)
        self._segments = [(row[0], row[1]) for row in rows]

    def _of_type(self, name: str) -> Section | None:
        return next((section for section in self.sections if section.type == _SECTION_TYPES[name]), None)

    def _linked_strings(self, section: Section) -> bytes:
        if section.link >= len(self.sections):
            raise self.damaged(f"the section {section.name} has no strings")
        return self.content(self.sections[section.link])

    def _symbols(self, section: Section, versions: dict[int, str]) -> Iterator[Symbol]:
        content = self.content(section)
        strings = self._linked_strings(section)
        version_section = self._of_type("versym") if versions else None
        version_table = self.content(version_section) if version_section else b""
        numbers = [
            number & 0x7FFF for (number,) in struct.iter_unpack("<H", version_table[: len(version_table) // 2 * 2])
        ]
        rows = struct.iter_unpack("<IBBHQQ", content[: len(content) // 24 * 24])
        for index, (name, info, _, place, value, size) in enumerate(rows):
            version = versions.get(numbers[index]) if index < len(numbers) else None
            binding = _BINDINGS.get(info >> 4, "other")
            yield Symbol(_string(strings, name), binding, info & 15 == _FUNCTION, place, value, size, version)

    def _version_names(self) -> dict[int, str]:
        """The versions that the library requires from others, by their number in .gnu.version."""
        section = self._of_type("verneed")
        if section is None:
            return {}
        content, strings = self.content(section), self._linked_strings(section)
        names: dict[int, str] = {}
        file_at = 0
        for _ in range(len(content) // 16):
            _, count, _, first, next_file = self._unpack("<HHIII", file_at, content)
            at = file_at + first
            for _ in range(min(count, len(content) // 16)):
                _, _, number, name, following = self._unpack("<IHHII", at, content)
                names[number & 0x7FFF] = _string(strings, name)
                at += following
            if next_file == 0:
                break
            file_at += next_file
        return names

    def _check_end(self, end: int) -> None:
        if end > len(self.data):
            raise self.damaged(f"it is truncated: it ends at byte {len(self.data)}, before byte {end}")

    def _bytes(self, offset: int, size: int) -> bytes:
        self._check_end(offset + size)
        return self.data[offset : offset + size]

    def _unpack(self, layout: str, offset: int, data: bytes | None = None) -> tuple[int, ...]:
        try:
            return struct.unpack_from(layout, self.data if data is None else data, offset)
        except (struct.error, OverflowError):
            raise self.damaged(f"a table reaches beyond its end, at byte {offset}") from None

    def damaged(self, how: str) -> UnreadableFileError:
        """The error that says how this file is damaged."""
        return UnreadableFileError(f"this file is damaged: {how}", where=self.path)


def _string(strings: bytes, offset: int) -> str:
    end = strings.find(b"\0", offset)
    return strings[offset : end if end >= 0 else None].decode("utf-8", "replace") if offset < len(strings) else ""
