"""What the targets of a CMake project are made of, as reported by CMake's file API."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovext.errors import ProjectError
from ovext.toolchain.process import run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ovext.toolchain.cmake import BuildTools

_LIBRARIES = {"MODULE_LIBRARY", "SHARED_LIBRARY"}
_HEADERS = (".h", ".hh", ".hpp", ".hxx", ".inl", ".in", ".txt", ".rule")
_SECONDS = 300.0  # the time that a configuration may take


@dataclass(frozen=True)
class LibraryTarget:
    """A shared library of a CMake project. Paths are absolute."""

    name: str
    sources: tuple[Path, ...]  # in C++
    others: tuple[Path, ...]  # in other languages, or already compiled
    includes: tuple[Path, ...]
    definitions: tuple[str, ...]
    options: tuple[str, ...]  # of the compiler
    is_uniform: bool  # whether all sources have the same include folders, definitions and options
    standard: int | None  # of C++, if the project sets one
    libraries: tuple[str, ...]  # as passed to the linker


def library_targets(
    source: Path, build: Path, tools: BuildTools, settings: Mapping[str, str | Path]
) -> list[LibraryTarget]:
    """Configure the project in `source` and read its shared libraries.

    Args:
        source: the folder with its CMakeLists.txt.
        build: an empty folder for CMake.
        tools: CMake and Ninja.
        settings: CMake variables.

    Raises:
        ProjectError: CMake cannot configure it.
    """
    api = build / ".cmake" / "api" / "v1"
    (api / "query").mkdir(parents=True)
    (api / "query" / "codemodel-v2").touch()
    given = {**settings, "CMAKE_MAKE_PROGRAM": tools.ninja}
    command = [str(tools.cmake), "-S", str(source), "-B", str(build), "-G", "Ninja"]
    finished = run([*command, *(f"-D{name}={value}" for name, value in given.items())], timeout=_SECONDS)
    if not finished.ok:
        said = finished.errors[max(finished.errors.find("CMake Error"), 0) :].strip()
        raise ProjectError(f"CMake cannot configure it:\n{said}", where=source / "CMakeLists.txt")
    (index,) = (api / "reply").glob("codemodel-v2-*.json")
    configuration = json.loads(index.read_text(encoding="utf-8"))["configurations"][0]
    files = [api / "reply" / target["jsonFile"] for target in configuration["targets"]]
    targets = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    return [_library(target, source) for target in targets if target["type"] in _LIBRARIES]


def _library(target: dict[str, Any], source: Path) -> LibraryTarget:
    groups = target.get("compileGroups", [])
    own = [number for number, group in enumerate(groups) if group["language"] == "CXX"]
    sources = {one["path"]: one.get("compileGroupIndex") for one in target.get("sources", [])}
    others = [path for path, number in sources.items() if number not in own and not path.endswith(_HEADERS)]
    settings = [_settings(groups[number], target["name"]) for number in own]
    standards = [groups[number].get("languageStandard", {}).get("standard") for number in own]
    fragments = target.get("link", {}).get("commandFragments", [])
    merged = [tuple(dict.fromkeys(item for one in settings for item in one[part])) for part in range(3)]
    return LibraryTarget(
        name=target["name"],
        sources=tuple(_absolute(source, path) for path, number in sources.items() if number in own),
        others=tuple(_absolute(source, path) for path in others),
        includes=tuple(dict.fromkeys(_absolute(source, path) for path in merged[0])),
        definitions=merged[1],
        options=merged[2],
        is_uniform=all(one == settings[0] for one in settings),
        standard=max((int(standard) for standard in standards if standard), default=None),
        libraries=tuple(one["fragment"] for one in fragments if one["role"] == "libraries"),
    )


def _settings(group: dict[str, Any], name: str) -> tuple[list[str], list[str], list[str]]:
    """Include folders, definitions and options of a group of sources, without what every shared library has."""
    includes = [one["path"] for one in group.get("includes", [])]
    definitions = [one["define"] for one in group.get("defines", []) if one["define"] != f"{name}_EXPORTS"]
    words = [word for one in group.get("compileCommandFragments", []) for word in shlex.split(one["fragment"])]
    return includes, definitions, [word for word in words if not word.startswith(("-std=", "-fPIC", "-fvisibility"))]


def _absolute(source: Path, path: str) -> Path:
    return Path(os.path.normpath(source / path))
