"""Compare a library with the OpenVINO that is to load it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovext.findings import Finding, Level
from ovext.inspect.demangle import demangle
from ovext.inspect.elf import Elf
from ovext.inspect.functions import never_returns
from ovext.inspect.report import some
from ovext.targets.openvino_version import OpenVINOVersion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovext.inspect.elf import Symbol
    from ovext.inspect.functions import Function
    from ovext.toolchain.openvino import OpenVINO

ENTRY_POINT = "create_extensions"
_OLD_ENTRY_POINT = "CreateExtension"
_SONAME = re.compile(r"libopenvino\.so\.(\d\d)(\d)(\d+)")
_IN_OPENVINO = re.compile(r"2ov\d")  # a mangled name from the namespace ov
_OLD_STRING = "std::string"  # the newer one is written std::__cxx11::basic_string
_SHOWN = 5


@dataclass(frozen=True)
class Counterpart:
    """An OpenVINO installation as a linker sees it."""

    version: OpenVINOVersion
    soname: str
    cxx11_abi: bool
    symbols: frozenset[str]  # defined by libopenvino and by the libraries beside it that the inspected one needs


def read_counterpart(openvino: OpenVINO, needed: list[str]) -> Counterpart:
    """What `openvino` provides to a library that needs the libraries `needed`."""
    folder = openvino.library.parent
    names = {openvino.library.name, *(name for name in needed if (folder / name).is_file())}
    symbols = {symbol.name for name in names for symbol in Elf(folder / name).dynamic_symbols if symbol.is_defined}
    return Counterpart(openvino.version, openvino.soname, openvino.cxx11_abi, frozenset(symbols))


def built_for(elf: Elf) -> OpenVINOVersion | None:
    """The release whose libopenvino the library requires; None if it requires none."""
    for name in elf.strings_of("NEEDED"):
        if match := _SONAME.fullmatch(name):
            return OpenVINOVersion(2000 + int(match[1]), int(match[2]), int(match[3]))
    return None


def openvino_findings(elf: Elf, functions: Sequence[Function], counterpart: Counterpart | None) -> list[Finding]:
    """Findings about entry point, link, soname, C++ ABI and symbols; without a counterpart, from the file alone."""
    findings = [*_entry_point(elf, functions), *_link(elf)]
    if counterpart is None:
        return findings
    return [*findings, *_soname(elf, counterpart), *_abi_or_symbols(elf, counterpart)]


def abi_of(elf: Elf) -> bool | None:
    """The value of _GLIBCXX_USE_CXX11_ABI that the file was built with; None if no symbol of OpenVINO shows it."""
    asked = [symbol.name for symbol in _asked_of_openvino(elf)]
    if any("cxx11" in name for name in asked):
        return True
    return False if any(_OLD_STRING in demangle(name) for name in asked) else None


def _asked_of_openvino(elf: Elf) -> list[Symbol]:
    return [symbol for symbol in elf.undefined if _IN_OPENVINO.search(symbol.name)]


def _entry_point(elf: Elf, functions: Sequence[Function]) -> list[Finding]:
    exported = {symbol.name for symbol in elf.exported}
    if ENTRY_POINT in exported:
        return _never_returning(elf, functions)
    if _OLD_ENTRY_POINT in exported:
        text = f"its entry point is {_OLD_ENTRY_POINT}, of OpenVINO before 2022.1; later releases want {ENTRY_POINT}"
        return [Finding("old-entry-point", Level.ERROR, text, "Port it to ov::Op and ov::OpExtension.")]
    text = f"it does not export {ENTRY_POINT}: OpenVINO cannot load it as an extension"
    return [Finding("no-entry-point", Level.ERROR, text, "Use ovext_add_extension() or OPENVINO_CREATE_EXTENSIONS.")]


def _never_returning(elf: Elf, functions: Sequence[Function]) -> list[Finding]:
    entry = next((function for function in functions if function.name == ENTRY_POINT), None)
    if entry is None or not never_returns(elf, entry):
        return []
    text = f"its entry point {ENTRY_POINT} never returns: it throws or ends the process, and add_extension fails"
    return [Finding("entry-point-throws", Level.ERROR, text, "Let it add the ops to the vector and return.")]


def _link(elf: Elf) -> list[Finding]:
    if built_for(elf) or not _asked_of_openvino(elf):
        return []
    text = "it is not linked to libopenvino: it loads in a server that links OpenVINO itself, but not from Python"
    return [
        Finding(
            "not-linked", Level.WARNING, text, "Link openvino::runtime (LINK needed) unless a server is its only user."
        )
    ]


def _soname(elf: Elf, counterpart: Counterpart) -> list[Finding]:
    asked = [name for name in elf.strings_of("NEEDED") if _SONAME.fullmatch(name)]
    if not asked or counterpart.soname in asked:
        return []
    text = f"it is built for {asked[0]}, and OpenVINO {counterpart.version} has {counterpart.soname}"
    return [Finding("other-release", Level.ERROR, text, f"Build it with --openvino {counterpart.version}.")]


def _abi_or_symbols(elf: Elf, counterpart: Counterpart) -> list[Finding]:
    abi = abi_of(elf)
    if abi is not None and abi != counterpart.cxx11_abi:
        text = (
            f"it is built with _GLIBCXX_USE_CXX11_ABI={int(abi)}, "
            f"OpenVINO {counterpart.version} with {int(counterpart.cxx11_abi)}: their std::string are different types"
        )
        fix = f"Build it with -D_GLIBCXX_USE_CXX11_ABI={int(counterpart.cxx11_abi)}, as CMake's openvino::runtime does."
        return [Finding("other-abi", Level.ERROR, text, fix)]
    missing = [
        symbol.name
        for symbol in _asked_of_openvino(elf)
        if symbol.version is None and symbol.binding == "global" and symbol.name not in counterpart.symbols
    ]
    if not missing:
        return []
    text = f"OpenVINO {counterpart.version} does not have {some(list(map(demangle, missing)), _SHOWN)}"
    return [Finding("missing-symbol", Level.ERROR, text, f"Build it with --openvino {counterpart.version}.")]
