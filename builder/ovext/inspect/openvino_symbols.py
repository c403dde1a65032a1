"""Compare a library with the OpenVINO that is to load it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovext.findings import Level
from ovext.inspect.demangle import demangle
from ovext.inspect.elf import Elf
from ovext.inspect.functions import never_returns
from ovext.inspect.report import LibraryFinding
from ovext.targets.openvino_version import OpenVINOVersion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovext.inspect.elf import Symbol, VersionNeed
    from ovext.inspect.functions import Function
    from ovext.toolchain.openvino import OpenVINO

ENTRY_POINT = "create_extensions"
_OLD_ENTRY_POINT = "CreateExtension"
_SONAME = re.compile(r"libopenvino\.so\.(\d\d)(\d)(\d{1,3})")
_IN_OPENVINO = re.compile(r"2ov\d")  # a mangled name from the namespace ov
_ABSOLUTE = 0xFFF1  # the section of a symbol that is a number
_OLD_STRING = "std::string"  # the newer one is written std::__cxx11::basic_string


@dataclass(frozen=True)
class Counterpart:
    """An OpenVINO installation as a linker sees it."""

    version: OpenVINOVersion
    soname: str
    cxx11_abi: bool
    libraries: frozenset[str]  # the names of all libraries that the release brings
    symbols: frozenset[str]  # defined by libopenvino and by those of its libraries that the inspected one needs
    versions: dict[str, frozenset[str]]  # the versions that these libraries define, for those that have some
    needs: tuple[VersionNeed, ...] = ()  # the versions that libopenvino requires of the system's libraries


def read_counterpart(openvino: OpenVINO, needed: list[str]) -> Counterpart:
    """What `openvino` provides to a library that needs the libraries `needed`."""
    folder = openvino.library.parent
    libraries = frozenset(file.name for file in folder.glob("*.so*"))
    read = {name: Elf(folder / name) for name in sorted({openvino.library.name, *libraries.intersection(needed)})}
    symbols = {symbol.name for elf in read.values() for symbol in elf.exported}
    versions = {name: frozenset(elf.defined_versions) for name, elf in read.items() if elf.defined_versions}
    return Counterpart(
        openvino.version,
        openvino.soname,
        openvino.cxx11_abi,
        libraries,
        frozenset(symbols),
        versions,
        tuple(read[openvino.library.name].version_needs),
    )


def built_for(elf: Elf) -> OpenVINOVersion | None:
    """The release whose libopenvino the library requires; None if it requires none."""
    for name in elf.strings_of("NEEDED"):
        if match := _SONAME.fullmatch(name):
            return OpenVINOVersion(2000 + int(match[1]), int(match[2]), int(match[3]))
    return None


def openvino_findings(elf: Elf, functions: Sequence[Function], counterpart: Counterpart | None) -> list[LibraryFinding]:
    """Findings about entry point, link, soname, C++ ABI and symbols; without a counterpart, from the file alone."""
    findings = [*_entry_point(elf, functions), *_link(elf)]
    if counterpart is None:
        return findings
    return [*findings, *_soname(elf, counterpart), *_abi(elf, counterpart)]


def is_of_same_abi(elf: Elf, counterpart: Counterpart) -> bool:
    return abi_of(elf) in {None, counterpart.cxx11_abi}


def abi_of(elf: Elf) -> bool | None:
    """The value of _GLIBCXX_USE_CXX11_ABI that the file was built with; None if no symbol of OpenVINO shows it."""
    asked = [symbol.name for symbol in _asked_of_openvino(elf)]
    if any("cxx11" in name for name in asked):
        return True
    return False if any(_OLD_STRING in demangle(name) for name in asked) else None


def is_of_openvino(symbol: str) -> bool:
    """Whether a mangled name is from the namespace ov."""
    return _IN_OPENVINO.search(symbol) is not None


def _asked_of_openvino(elf: Elf) -> list[Symbol]:
    return [symbol for symbol in elf.undefined if is_of_openvino(symbol.name)]


def _entry_point(elf: Elf, functions: Sequence[Function]) -> list[LibraryFinding]:
    exported = {symbol.name: symbol for symbol in elf.exported}
    if ENTRY_POINT in exported:
        entry = exported[ENTRY_POINT]
        if not elf.is_code(entry.value) or entry.kind in {"object", "tls"} or entry.section == _ABSOLUTE:
            text = f"{ENTRY_POINT} is data, not a function: OpenVINO calls it and crashes"
            return [LibraryFinding("entry-is-data", Level.ERROR, text, "Use OPENVINO_CREATE_EXTENSIONS.")]
        return _never_returning(elf, functions)
    if _OLD_ENTRY_POINT in exported:
        text = f"its entry point is {_OLD_ENTRY_POINT}, of OpenVINO before 2022.1; later releases want {ENTRY_POINT}"
        return [LibraryFinding("old-entry-point", Level.ERROR, text, "Port it to ov::Op and ov::OpExtension.")]
    text = f"it does not export {ENTRY_POINT}: OpenVINO cannot load it as an extension"
    return [
        LibraryFinding("no-entry-point", Level.ERROR, text, "Use ovext_add_extension() or OPENVINO_CREATE_EXTENSIONS.")
    ]


def _never_returning(elf: Elf, functions: Sequence[Function]) -> list[LibraryFinding]:
    entry = next((function for function in functions if function.name == ENTRY_POINT), None)
    if entry is None or not never_returns(elf, entry):
        return []
    text = f"its entry point {ENTRY_POINT} never returns: it throws or ends the process, and add_extension fails"
    return [LibraryFinding("entry-point-throws", Level.ERROR, text, "Let it add the ops to the vector and return.")]


def _link(elf: Elf) -> list[LibraryFinding]:
    if built_for(elf) or not _asked_of_openvino(elf):
        return []
    text = "it is not linked to libopenvino: it loads in a server that links OpenVINO itself, but not from Python"
    return [
        LibraryFinding(
            "not-linked", Level.WARNING, text, "Link openvino::runtime (LINK needed) unless a server is its only user."
        )
    ]


def _soname(elf: Elf, counterpart: Counterpart) -> list[LibraryFinding]:
    asked = [name for name in elf.strings_of("NEEDED") if _SONAME.fullmatch(name)]
    others = [name for name in asked if name != counterpart.soname]
    if not others:
        return []
    text = f"it is built for {others[0]}, and OpenVINO {counterpart.version} has {counterpart.soname}"
    return [LibraryFinding("other-release", Level.ERROR, text, f"Build it with --openvino {counterpart.version}.")]


def _abi(elf: Elf, counterpart: Counterpart) -> list[LibraryFinding]:
    if is_of_same_abi(elf, counterpart):
        return []
    text = (
        f"it is built with _GLIBCXX_USE_CXX11_ABI={int(not counterpart.cxx11_abi)}, "
        f"OpenVINO {counterpart.version} with {int(counterpart.cxx11_abi)}: their std::string are different types"
    )
    fix = f"Build it with -D_GLIBCXX_USE_CXX11_ABI={int(counterpart.cxx11_abi)}, as CMake's openvino::runtime does."
    return [LibraryFinding("other-abi", Level.ERROR, text, fix)]
