"""What ELF files for x86-64 ask of the loader and offer it: libraries, symbols, versions and relocations.

The layouts follow the System V ABI, its supplement for x86-64, and the Linux Standard Base (symbol versions).
"""

from __future__ import annotations

import struct
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ovext.errors import UnreadableFileError
from ovext.inspect.elf_file import ElfFile
from ovext.inspect.strings import Strings

if TYPE_CHECKING:
    from collections.abc import Iterator

_BINDINGS = {0: "local", 1: "global", 2: "weak", 10: "unique"}
_KINDS = {0: "none", 1: "object", 2: "function", 6: "tls", 10: "ifunc"}
_ADDRESS = 1  # kinds of relocations
_RELATIVE = 8
_IMPORTS = {6, 7}  # of data, and of functions
_STATIC_TLS = 18
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
    17: "REL",
    29: "RUNPATH",
    30: "FLAGS",
    35: "RELRSZ",
    36: "RELR",
    0x6000000F: "ANDROID_REL",
    0x60000011: "ANDROID_RELA",
    0x6FFFFEF5: "GNU_HASH",
    0x6FFFFFF0: "VERSYM",
    0x6FFFFFFB: "FLAGS_1",
    0x6FFFFFFC: "VERDEF",
    0x6FFFFFFD: "VERDEFNUM",
    0x6FFFFFFE: "VERNEED",
    0x6FFFFFFF: "VERNEEDNUM",
    0x7FFFFFFF: "FILTER",
}
_STRING_TAGS = {"NEEDED", "SONAME", "RPATH", "RUNPATH", "FILTER"}
_MOST_NEEDED = 4096  # libraries, far more than any has
_LONGEST_FILE_NAME = 4096
_FLAG_TEXTREL = 4
_FLAG_STATIC_TLS = 0x10
_HIDDEN_VERSION = 0x8000


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


class Elf(ElfFile):
    """What a shared library needs, provides and makes the loader do; of an object file, only its symbols.

    Raises:
        UnreadableFileError: on construction or on any property: the file cannot be read, is of another kind, or is
            damaged.
    """

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
        return self._named[tag]

    @cached_property
    def _named(self) -> dict[str, list[str]]:
        found = {}
        for tag in _STRING_TAGS:
            values = self.dynamic.get(tag, [])
            if len(values) > _MOST_NEEDED:
                raise self.damaged(f"it has {len(values):,} entries {tag}")
            found[tag] = [self._strings.at(value, _LONGEST_FILE_NAME) for value in values]
        return found

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

    @property
    def unversioned(self) -> set[str]:
        """The symbols that serve a library which asks for no version: also hidden ones, of the first version."""
        first = self.defined_versions[:1]
        hidden = (one.name for one in self.dynamic_symbols if one.is_defined and [one.version] == first)
        return {*(one.name for one in self.exported), *hidden}

    @cached_property
    def imported_at(self) -> dict[int, str]:
        """The symbols of other libraries, by the addresses to which the loader writes where they are."""
        symbols = self.dynamic_symbols
        rows = (row for row in self._relocations if row[1] in _IMPORTS and row[3] < len(symbols))
        return {place: symbols[index].name for place, _, _, index in rows}

    @property
    def writes_read_only(self) -> bool:
        """Whether the loader would write to memory that is not writable."""
        writable = [(one.address, one.address + one.memory_size) for one in self.segments_of("load") if one.is_writable]
        places = {row[0] for row in self._relocations if row[1]}
        return any(not any(begin <= place < end for begin, end in writable) for place in places)

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
    def wants_static_tls(self) -> bool:
        """Whether its code expects thread-local data in the program's own block."""
        kinds = {kind for _, kind, _, _ in self._relocations}
        return bool(self.flags("FLAGS") & _FLAG_STATIC_TLS) or _STATIC_TLS in kinds

    @property
    def needed(self) -> list[str]:
        """The libraries that the loader loads with it."""
        return [*self.strings_of("NEEDED"), *self.strings_of("FILTER")]

    def flags(self, tag: str) -> int:
        return next(iter(self.dynamic.get(tag, [])), 0)

    @cached_property
    def initialisers(self) -> list[int]:
        """The functions that the loader calls when it loads the library, before any other."""
        return [address for address in self._called_at_load if self.is_code(address)]

    @property
    def has_wrong_initialisers(self) -> bool:
        """Whether the loader would call what is no code."""
        return any(not self.is_code(address) for address in self._called_at_load)

    @cached_property
    def _called_at_load(self) -> list[int]:
        return [*self.dynamic.get("INIT", []), *(address for address in self._pointers("INIT_ARRAY") if address)]

    @cached_property
    def finalisers(self) -> list[int]:
        called = [*self.dynamic.get("FINI", []), *self._pointers("FINI_ARRAY")]
        return [address for address in called if address and self.is_code(address)]

    @cached_property
    def resolvers(self) -> list[int]:
        """The functions that the loader calls to choose others (ifunc)."""
        indirect = [one.value for one in self.dynamic_symbols if one.kind == "ifunc" and one.is_defined]
        return [*(target for _, kind, target, _ in self._relocations if kind == _RESOLVED), *indirect]

    @cached_property
    def code_pointers(self) -> set[int]:
        """The addresses of code that the loader writes into data: virtual functions, handlers, tables of functions."""
        targets = {self._target(row) for row in self._relocations if row[1] in {_RELATIVE, _ADDRESS}}
        return {target for target in targets | set(self._packed.values()) if self.is_code(target)}

    def _pointers(self, tag: str) -> list[int]:
        """The pointers in an array that a tag names, as the loader relocates them."""
        begin, size = self.flags(tag), self.flags(f"{tag}SZ")
        if not size:
            return []
        stored = dict(zip(range(begin, begin + size, 8), self._numbers("Q", self.at(begin, size)), strict=False))
        stored |= {row[0]: self._target(row) for row in self._relocations if begin <= row[0] < begin + size}
        return [stored[place] for place in sorted(stored)]

    def _target(self, relocation: tuple[int, int, int, int]) -> int:
        """The address that the loader writes, as far as the file alone decides it."""
        _, kind, addend, index = relocation
        if kind == _ADDRESS and index < len(self.dynamic_symbols):
            return self.dynamic_symbols[index].value + addend
        return addend

    @cached_property
    def _relocations(self) -> list[tuple[int, int, int, int]]:
        """Place, kind, addend and symbol of each relocation."""
        found = []
        for table, size in (("RELA", "RELASZ"), ("JMPREL", "PLTRELSZ")):
            if table in self.dynamic and self.flags(size):
                content = self.at(self.dynamic[table][0], self.flags(size))
                rows = struct.iter_unpack("<QQq", content[: len(content) // 24 * 24])
                found += [(place, info & 0xFFFFFFFF, target, info >> 32) for place, info, target in rows]
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
        """The number of dynamic symbols, which only the hash tables tell, and relocations if nothing is exported."""
        relocated = max((symbol for _, _, _, symbol in self._relocations), default=-1) + 1
        return max(self._hashed_count, relocated)

    @property
    def _hashed_count(self) -> int:
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
