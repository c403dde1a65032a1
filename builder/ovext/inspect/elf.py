"""Read ELF files for x86-64 as the loader does: by program headers. Section headers are used only where they help.

This is own code instead of a library because many thousand symbols must take less than a second, and a damaged file
must not cost memory or time: every offset is checked, and a damaged file raises one error. The layouts follow the
System V ABI, its supplement for x86-64, and the Linux Standard Base (symbol versions).
"""

from __future__ import annotations

import os
import struct
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple
from weakref import finalize

from ovext.errors import UnreadableFileError
from ovext.files import open_regular
from ovext.inspect.strings import Strings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_X86_64 = 62
_OBJECT_FILE = 1
_SHARED_OBJECT = 3
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
_EXECUTABLE_SECTION = 4
_BINDINGS = {0: "local", 1: "global", 2: "weak", 10: "unique"}
_KINDS = {0: "none", 1: "object", 2: "function", 6: "tls", 10: "ifunc"}
_RELATIVE = 8
_RESOLVED = 37
_TAGS = {
    1: "NEEDED",
    2: "PLTRELSZ",
    4: "HASH",
    5: "STRTAB",
    6: "SYMTAB",
    7: "RELA",
    8: "RELASZ",
    10: "STRSZ",
    12: "INIT",
    13: "FINI",
    14: "SONAME",
    15: "RPATH",
    22: "TEXTREL",
    23: "JMPREL",
    25: "INIT_ARRAY",
    26: "FINI_ARRAY",
    27: "INIT_ARRAYSZ",
    28: "FINI_ARRAYSZ",
    29: "RUNPATH",
    30: "FLAGS",
    35: "RELRSZ",
    36: "RELR",
    0x6FFFFEF5: "GNU_HASH",
    0x6FFFFFF0: "VERSYM",
    0x6FFFFFFB: "FLAGS_1",
    0x6FFFFFFC: "VERDEF",
    0x6FFFFFFD: "VERDEFNUM",
    0x6FFFFFFE: "VERNEED",
    0x6FFFFFFF: "VERNEEDNUM",
}
_STRING_TAGS = {"NEEDED", "SONAME", "RPATH", "RUNPATH"}
_MOST_NEEDED = 4096  # libraries, far more than any has
_LONGEST_FILE_NAME = 4096
_FLAG_TEXTREL = 4
_FLAG_STATIC_TLS = 0x10
_HIDDEN_VERSION = 0x8000


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


class Symbol(NamedTuple):
    """A symbol; `version` is the one it needs or has, such as "GLIBC_2.34", or None."""

    name: str
    binding: str  # local, global, weak or unique
    kind: str  # none, object, function, tls, ifunc or other
    section: int  # 0 when undefined
    value: int
    size: int
    version: str | None
    is_visible: bool  # to other libraries that ask for it by name

    @property
    def is_defined(self) -> bool:
        return self.section != 0

    @property
    def is_function(self) -> bool:
        return self.kind in {"function", "ifunc"}


class VersionNeed(NamedTuple):
    """A symbol version that a library requires of another."""

    library: str
    version: str
    is_weak: bool


class Elf:
    """A shared library or object file for x86-64.

    Raises:
        UnreadableFileError: on construction or on any property: the file cannot be read, is of another kind, or is
            damaged.
    """

    def __init__(self, path: Path, data: bytes | None = None) -> None:
        self.path = path
        self._data = data
        if data is None:
            self._file = _opened(path)
            finalize(self, os.close, self._file)
        self._size = os.fstat(self._file).st_size if data is None else len(data)
        self._check_header()

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
            found.append(
                Segment(_SEGMENT_TYPES.get(type_, "other"), flags, at, address, file_size, memory_size, alignment)
            )
        return found

    def segments_of(self, type_: str) -> list[Segment]:
        return [segment for segment in self.segments if segment.type == type_]

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

    has_damaged_sections = False

    def section(self, name: str) -> Section | None:
        return next((section for section in self.sections if section.name == name), None)

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

    @cached_property
    def dynamic(self) -> dict[str, list[int]]:
        """The values of the known tags of the dynamic section."""
        found = self.segments_of("dynamic")
        values: dict[str, list[int]] = {}
        content = self.at(found[0].address, found[0].file_size) if found else b""
        for tag, value in struct.iter_unpack("<QQ", content[: len(content) // 16 * 16]):
            if tag == 0:
                break
            if name := _TAGS.get(tag):
                values.setdefault(name, []).append(value)
        return values

    def strings_of(self, tag: str) -> list[str]:
        """The values of a tag that names files or folders."""
        values = self.dynamic.get(tag, [])
        if len(values) > _MOST_NEEDED:
            raise self.damaged(f"it has {len(values):,} entries {tag}")
        return [self._strings.at(value, _LONGEST_FILE_NAME) for value in values]

    @cached_property
    def dynamic_symbols(self) -> list[Symbol]:
        """The symbols that the library provides and requires, with their versions."""
        if "SYMTAB" not in self.dynamic:
            return []
        content = self.at(self.dynamic["SYMTAB"][0], 24 * self._symbol_count)
        numbers: tuple[int, ...] = ()
        if "VERSYM" in self.dynamic:
            numbers = self._numbers("H", self.at(self.dynamic["VERSYM"][0], 2 * self._symbol_count))
        names = {**self._defined_numbers, **self._needed_numbers}
        return list(self._symbols(content, self._strings, numbers, names))

    @cached_property
    def exported(self) -> list[Symbol]:
        """The symbols that the library provides to others; not the names of its versions."""
        own = set(self.defined_versions)
        return [
            symbol
            for symbol in self.dynamic_symbols
            if symbol.is_defined and symbol.binding != "local" and symbol.is_visible and symbol.name not in own
        ]

    @cached_property
    def undefined(self) -> list[Symbol]:
        """The symbols that the library requires from others."""
        return [symbol for symbol in self.dynamic_symbols if not symbol.is_defined and symbol.name]

    @cached_property
    def symbols(self) -> list[Symbol]:
        """The full symbol table; empty in a stripped file, and if it is damaged."""
        section = next((section for section in self.sections if section.type == "symtab"), None)
        if section is None or section.link >= len(self.sections):
            return []
        try:
            content, strings = self.content(section), self.content(self.sections[section.link])
            return list(self._symbols(content, Strings(strings), (), {}))
        except UnreadableFileError:
            self.has_damaged_sections = True
            return []

    @cached_property
    def version_needs(self) -> list[VersionNeed]:
        """Every symbol version that the library requires of others."""
        return [need for _, need in self._version_needs]

    @property
    def needed_versions(self) -> list[str]:
        return sorted({need.version for need in self.version_needs})

    @property
    def defined_versions(self) -> list[str]:
        """The versions that the library defines; empty if it has none."""
        return list(self._defined_numbers.values())

    @cached_property
    def has_executable_stack(self) -> bool:
        found = self.segments_of("stack")
        return not found or any(segment.is_executable for segment in found)

    @property
    def has_text_relocations(self) -> bool:
        return "TEXTREL" in self.dynamic or bool(self.flags("FLAGS") & _FLAG_TEXTREL)

    @property
    def static_tls(self) -> int:
        """The bytes of thread-local data that must be in the program's own block: 0 unless the code asks for that."""
        return sum(one.memory_size for one in self.segments_of("tls")) if self.flags("FLAGS") & _FLAG_STATIC_TLS else 0

    def flags(self, tag: str) -> int:
        return next(iter(self.dynamic.get(tag, [])), 0)

    def is_code(self, address: int) -> bool:
        return any(
            one.is_executable and one.address <= address < one.address + one.file_size
            for one in self.segments_of("load")
        )

    @cached_property
    def initialisers(self) -> list[int]:
        """The functions that the loader calls when it loads the library, before any other."""
        called = [*self.dynamic.get("INIT", []), *self._pointers("INIT_ARRAY")]
        return [address for address in called if address and self.is_code(address)]

    @cached_property
    def finalisers(self) -> list[int]:
        called = [*self.dynamic.get("FINI", []), *self._pointers("FINI_ARRAY")]
        return [address for address in called if address and self.is_code(address)]

    @cached_property
    def resolvers(self) -> list[int]:
        """The functions that the loader calls to choose others (ifunc)."""
        return [target for _, kind, target in self._relocations if kind == _RESOLVED]

    @cached_property
    def code_pointers(self) -> set[int]:
        """The addresses of code that the loader writes into data: virtual functions, handlers, tables of functions."""
        targets = {target for _, kind, target in self._relocations if kind == _RELATIVE}
        return {target for target in targets | set(self._packed.values()) if self.is_code(target)}

    def _pointers(self, tag: str) -> list[int]:
        """The pointers in an array that a tag names, as the loader relocates them."""
        begin, size = self.flags(tag), self.flags(f"{tag}SZ")
        if not size:
            return []
        stored = dict(zip(range(begin, begin + size, 8), self._numbers("Q", self.at(begin, size)), strict=False))
        stored |= {place: target for place, _, target in self._relocations if begin <= place < begin + size and target}
        return [stored[place] for place in sorted(stored)]

    @cached_property
    def _relocations(self) -> list[tuple[int, int, int]]:
        """Place, kind and target of each relocation."""
        found = []
        for table, size in (("RELA", "RELASZ"), ("JMPREL", "PLTRELSZ")):
            if table in self.dynamic and self.flags(size):
                content = self.at(self.dynamic[table][0], self.flags(size))
                rows = struct.iter_unpack("<QQq", content[: len(content) // 24 * 24])
                found += [(place, info & 0xFFFFFFFF, target) for place, info, target in rows]
        return found

    @cached_property
    def _packed(self) -> dict[int, int]:
        """The DT_RELR relocations: an even word is a place, an odd one a bit map of the next 63 places."""
        if "RELR" not in self.dynamic or not self.flags("RELRSZ"):
            return {}
        places, following = [], 0
        for word in self._numbers("Q", self.at(self.dynamic["RELR"][0], self.flags("RELRSZ"))):
            if word & 1 == 0:
                places.append(word)
                following = word + 8
            else:
                places += [following + 8 * bit for bit in range(63) if word >> (bit + 1) & 1]
                following += 8 * 63
        return {place: int.from_bytes(self.at(place, 8), "little") for place in places}

    @cached_property
    def _strings(self) -> Strings:
        if "STRTAB" not in self.dynamic:
            return Strings(b"")
        return Strings(self.at(self.dynamic["STRTAB"][0], self.flags("STRSZ")))

    @cached_property
    def _symbol_count(self) -> int:
        """The number of dynamic symbols, which only the hash tables tell."""
        if "GNU_HASH" in self.dynamic:
            content = self.at(self.dynamic["GNU_HASH"][0])
            buckets, first, words, _ = self._unpack("<IIII", 0, content)
            chains = 16 + 8 * words + 4 * buckets
            if chains > len(content):
                raise self.damaged("its hash table reaches beyond its end")
            last = max(self._numbers("I", content[chains - 4 * buckets : chains]), default=0)
            if last < first:
                return first
            while not self._unpack("<I", chains + 4 * (last - first), content)[0] & 1:
                last += 1
            return last + 1
        if "HASH" in self.dynamic:
            return self._unpack("<II", 0, self.at(self.dynamic["HASH"][0], 8))[1]
        return 0

    @cached_property
    def _version_needs(self) -> list[tuple[int, VersionNeed]]:
        """Every required version, with its number in the table of the symbols' versions."""
        found: list[tuple[int, VersionNeed]] = []
        if "VERNEED" not in self.dynamic:
            return found
        content, at = self.at(self.dynamic["VERNEED"][0]), 0
        for _ in range(self.flags("VERNEEDNUM")):
            _, count, file, first, next_file = self._unpack("<HHIII", at, content)
            library, place = self._strings.at(file, _LONGEST_FILE_NAME), at + first
            for _ in range(count):
                _, flags, number, name, following = self._unpack("<IHHII", place, content)
                need = VersionNeed(library, self._strings.at(name), bool(flags & 2))
                found.append((number & ~_HIDDEN_VERSION, need))
                if len(found) > len(content) // 16:
                    raise self.damaged("its required versions overlap")
                if not following:
                    break
                place += following
            if not next_file:
                break
            at += next_file
        return found

    @cached_property
    def _needed_numbers(self) -> dict[int, str]:
        return {number: need.version for number, need in self._version_needs}

    @cached_property
    def _defined_numbers(self) -> dict[int, str]:
        """The versions that the library defines, by their numbers; not the one that names the file."""
        found: dict[int, str] = {}
        if "VERDEF" not in self.dynamic:
            return found
        content, at = self.at(self.dynamic["VERDEF"][0]), 0
        for _ in range(min(self.flags("VERDEFNUM"), len(content) // 20)):
            _, flags, number, _, _, first, following = self._unpack("<HHHHIII", at, content)
            if not flags & 1:
                found[number] = self._strings.at(self._unpack("<II", at + first, content)[0])
            if not following:
                break
            at += following
        return found

    def _symbols(
        self, content: bytes, strings: Strings, numbers: tuple[int, ...], versions: dict[int, str]
    ) -> Iterator[Symbol]:
        rows = struct.iter_unpack("<IBBHQQ", content[: len(content) // 24 * 24])
        for index, (name, info, other, place, value, size) in enumerate(rows):
            number = numbers[index] if index < len(numbers) else 1
            version = versions.get(number & ~_HIDDEN_VERSION) if number > 1 else None
            is_visible = other & 3 in {0, 3} and not (number & _HIDDEN_VERSION and place)
            binding, kind = _BINDINGS.get(info >> 4, "other"), _KINDS.get(info & 15, "other")
            yield Symbol(strings.at(name), binding, kind, place, value, size, version, is_visible)

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
        self._type, machine = self._unpack("<HH", 16)
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
