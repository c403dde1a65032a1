"""`ovext adopt`: a project around the sources of an existing extension."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.errors import ProjectError, UsageError
from ovext.resources import version
from ovext.scaffold.new import NewFiles, project_name
from ovext.scaffold.render import render
from ovext.targets.openvino_version import BROUGHT_BY_OPENVINO
from ovext.toolchain.file_api import LibraryTarget, library_targets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ovext.toolchain.cmake import BuildTools
    from ovext.toolchain.openvino import OpenVINO

_SOURCES = {".cpp", ".cc", ".cxx"}
_HEADERS = {".h", ".hh", ".hpp", ".hxx", ".inl"}
_SKIPPED = {"build", "dist", "lib", "test", "tests", "node_modules", "python", "examples", "third_party"}
_ENTRY = re.compile(r"^\s*OPENVINO_CREATE_EXTENSIONS\s*\(|\bvoid\s+create_extensions\s*\([^;{]*\)\s*\{", re.MULTILINE)
_OLD_ENTRY = re.compile(r"\bCreateExtension\s*\(")
_MAIN = re.compile(r"^\s*(?:int|auto)\s+main\s*\(", re.MULTILINE)
_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.MULTILINE)
_LATEST_DEFAULT_STANDARD = 17
# Brought by OpenVINO, or by every system.
_KNOWN_HEADERS = ("openvino/", "tbb/", "oneapi/tbb/", "ovext/")
_SYSTEM = ("/usr/include", "/usr/include/x86_64-linux-gnu")
# What comes with OpenVINO's targets.
_OF_OPENVINO = ("OV_THREAD=", "_GLIBCXX_USE_CXX11_ABI=")
_OPTIONS_OF_OPENVINO = {"-Wno-error=deprecated-declarations"}
_KNOWN_LIBRARIES = re.compile(r"-?(Wl,.*|l?(pthread|dl|m|rt)|.*libopenvino[^/]*|.*libtbb[^/]*)")


@dataclass(frozen=True)
class Found:
    """What an extension is made of. Paths are absolute."""

    sources: tuple[Path, ...]
    includes: tuple[Path, ...] = ()
    definitions: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    standard: int | None = None
    undecided: tuple[str, ...] = field(default=())  # a sentence each, for the user


@dataclass(frozen=True)
class Adoption:
    """What `ovext adopt` will write, and what the user must look at."""

    new: NewFiles
    undecided: tuple[str, ...]


def plan_adoption(given: Path, into: Path | None, name: str | None, openvino: OpenVINO, tools: BuildTools) -> Adoption:
    """The files of a project for the sources in a folder, or for a library that a CMakeLists.txt builds.

    Args:
        given: the folder, or the CMakeLists.txt.
        into: the project's folder. By default the folder of the sources, or `ovext` in it if that has a CMakeLists.txt.
        name: the project's name. By default the library's or the folder's.
        openvino: the release that the project is for.
        tools: CMake and Ninja, to read a CMakeLists.txt.

    Raises:
        UsageError: there is no such folder or file, or a project cannot have that name.
        ProjectError: it contains no extension, or more than one, or CMake cannot configure it.
    """
    given = Path(os.path.abspath(given))  # noqa: PTH100  which also follows `..`, unlike absolute()
    if given.is_file() and given.name == "CMakeLists.txt":
        target = _extension_target(given.parent, openvino, tools)
        folder, found, called = given.parent, _found_by_cmake(target, openvino), target.name
    elif given.is_dir():
        folder, found, called = given, _found_in(given), given.name
    else:
        raise UsageError(f"{given} is neither a folder nor a CMakeLists.txt", fix="Name the folder of the sources.")
    root = into.absolute() if into else folder / "ovext" if (folder / "CMakeLists.txt").exists() else folder
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root} is no folder", fix="Name another one with --into.")
    chosen = project_name(Path(name or re.sub(r"\W+", "_", called)))
    undecided = list(found.undecided)
    if any(not source.is_relative_to(root) for source in found.sources):
        undecided.append(
            f"The sources are outside {root.name}/: builds on this machine find them there, but wheels from an sdist "
            "and builds in containers do not. Move the two files beside the sources for these."
        )
    return Adoption(NewFiles(root, _files(chosen, root, found, openvino), adds_to_project=False), tuple(undecided))


def _files(name: str, root: Path, found: Found, openvino: OpenVINO) -> dict[str, str]:
    context = {
        "name": name,
        "distribution": name.replace("_", "-").lower(),
        "description": f"{name}: ops for OpenVINO",
        "openvino": str(openvino.version),
        "brought": BROUGHT_BY_OPENVINO,
        "ovext": ".".join(version().split(".")[:2]),
        "package": False,
        "license": "",
        "author": "",
        "sources": [_quoted(os.path.relpath(path, root)) for path in found.sources],
        "includes": [_quoted(os.path.relpath(path, root)) for path in found.includes],
        "definitions": [_quoted(definition) for definition in found.definitions],
        "options": [_quoted(option) for option in found.options],
        "standard": found.standard if (found.standard or 0) > _LATEST_DEFAULT_STANDARD else None,
    }
    return {
        "pyproject.toml": render("project/pyproject.toml", **context),
        "CMakeLists.txt": render("adopt/CMakeLists.txt", **context),
    }


def _quoted(text: str) -> str:
    """The text as one argument of a CMake command."""
    return text if re.fullmatch(r"[\w./+=:-]+", text) else '"' + re.sub(r'([\\"$;])', r"\\\1", text) + '"'


# Sources in a folder.


def _found_in(folder: Path) -> Found:
    everything = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    files = [file for file in everything if not _is_skipped(file, folder)]
    if odd := next((file for file in files if not os.fsencode(file).isascii() and not _is_text(file)), None):
        raise ProjectError(f"a file has a name that is no text: {odd.name!a}", where=folder, fix="Rename it.")
    texts = {file: _text(file) for file in files if file.suffix in _SOURCES}
    programs = [file for file, text in texts.items() if _MAIN.search(text)]
    sources = {file: text for file, text in texts.items() if file not in programs}
    _check_entry(folder, sources)
    headers = [file for file in files if file.suffix in _HEADERS]
    includes, missing = _include_folders(headers, [*sources, *headers])
    undecided = [f"{file.relative_to(folder)} is left out: it is a program of its own." for file in programs]
    left = {file.relative_to(folder).parts[0] for file in set(everything) - set(files) if file.suffix in _SOURCES}
    undecided += [f"{name}/ is left out with its C++ files: add those that you need." for name in sorted(left)]
    undecided += [
        f"{file.relative_to(folder)} includes <{header}>, which is not here: link the library that brings it, with "
        "find_package() and target_link_libraries()."
        for header, file in missing.items()
    ]
    undecided += _conditional(sources)
    return Found(tuple(sources), tuple(includes), undecided=tuple(undecided))


def _is_skipped(file: Path, folder: Path) -> bool:
    return any(part in _SKIPPED or part.startswith(".") for part in file.relative_to(folder).parts[:-1])


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


def _check_entry(folder: Path, sources: dict[Path, str]) -> None:
    entries = [file for file, text in sources.items() if _ENTRY.search(text)]
    if len(entries) == 1:
        return
    if entries:
        listed = "".join(f"\n  - {file.relative_to(folder)}" for file in entries)
        problem = f"several of its files have an entry point, so it holds more than one extension:{listed}"
        raise ProjectError(problem, where=folder, fix="Name the folder of one of them, or its CMakeLists.txt.")
    if old := next((file for file, text in sources.items() if _OLD_ENTRY.search(text)), None):
        problem = "it is an extension for OpenVINO before 2022.1, whose entry point is CreateExtension"
        raise ProjectError(problem, where=old, fix="Port it to ov::Op and OPENVINO_CREATE_EXTENSIONS first.")
    fix = "Name the folder with the file that has OPENVINO_CREATE_EXTENSIONS(...), or write one."
    raise ProjectError("no C++ file here has the entry point of an extension", where=folder, fix=fix)


def _include_folders(headers: Sequence[Path], files: Iterable[Path]) -> tuple[list[Path], dict[str, Path]]:
    """The folders that #include lines are relative to, and the missing headers, each with a file that includes it."""
    by_name: dict[str, list[Path]] = {}
    for header in headers:
        by_name.setdefault(header.name, []).append(header)
    found: dict[Path, None] = {}
    missing: dict[str, Path] = {}
    for file in files:
        for quote, name in _INCLUDE.findall(_text(file)):
            if quote == '"' and _exists(file.parent, name):
                continue
            owners = [one for one in by_name.get(Path(name).name, []) if one.as_posix().endswith(f"/{name}")]
            if owners:
                found[Path(owners[0].as_posix().removesuffix(f"/{name}"))] = None
            elif not _is_known(name):
                missing.setdefault(name, file)
    return list(found), missing


def _exists(folder: str | Path, name: str) -> bool:
    try:
        return Path(folder, name).is_file()
    except (OSError, ValueError):  # the name is too long
        return False


def _is_text(file: Path) -> bool:
    try:
        return bool(os.fsencode(file).decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _is_known(header: str) -> bool:
    is_of_system = any(_exists(folder, header) for folder in _SYSTEM)
    return "." not in header or header.startswith(_KNOWN_HEADERS) or is_of_system


def _conditional(sources: dict[Path, str]) -> list[str]:
    """A sentence for each file that registers some of its ops only if the build defines a name."""
    found = []
    for file, text in sources.items():
        names = sorted(set(re.findall(r"^\s*#\s*if(?:def\s+|\s+defined\s*\(\s*)([A-Za-z]\w*)", text, re.MULTILINE)))
        if names and _ENTRY.search(text):
            found.append(
                f"{file.name} registers some of its ops only where {', '.join(names)} are defined: give those that you "
                "want to target_compile_definitions()."
            )
    return found


# A library that CMake builds.


def _extension_target(folder: Path, openvino: OpenVINO, tools: BuildTools) -> LibraryTarget:
    with tempfile.TemporaryDirectory(prefix="ovext-adopt-") as build:
        targets = library_targets(folder, Path(build), tools, {"OpenVINO_DIR": openvino.cmake_dir})
        fitting = [one for one in targets if any(_ENTRY.search(_text(source)) for source in one.sources)]
        generated = [file for one in fitting for file in (*one.sources, *one.includes) if file.is_relative_to(build)]
    if len(fitting) > 1:
        problem = f"it builds several extensions: {', '.join(one.name for one in fitting)}"
        raise ProjectError(problem, where=folder, fix="Name the folder of one of them.")
    if generated:
        problem = f"its build writes {generated[0].name} before it compiles, which a list of sources cannot do"
        fix = "Let its CMakeLists.txt call ovext_add_extension() itself; docs/cmake.md says how."
        raise ProjectError(problem, where=folder / "CMakeLists.txt", fix=fix)
    if fitting:
        return fitting[0]
    names = ", ".join(one.name for one in targets) or "none"
    raise ProjectError(
        f"none of its shared libraries has the entry point of an extension (there are: {names})",
        where=folder / "CMakeLists.txt",
        fix="Name the CMakeLists.txt, or the folder, that holds OPENVINO_CREATE_EXTENSIONS(...).",
    )


def _found_by_cmake(target: LibraryTarget, openvino: OpenVINO) -> Found:
    of_openvino = openvino.cmake_dir.parent
    others = [one for one in target.libraries if not _KNOWN_LIBRARIES.fullmatch(one) and str(of_openvino) not in one]
    undecided = [f"It links {one}: add or find its target, and link it with target_link_libraries()." for one in others]
    undecided += [f"{file.name} is left out: it is no C++ source." for file in target.others]
    if not target.is_uniform:
        undecided.append("Some of its files have settings of their own, which are now given to all of them.")
    return Found(
        target.sources,
        tuple(folder for folder in target.includes if not folder.is_relative_to(of_openvino)),
        tuple(one for one in target.definitions if not one.startswith(_OF_OPENVINO)),
        tuple(one for one in target.options if one not in _OPTIONS_OF_OPENVINO),
        target.standard,
        tuple(undecided),
    )
