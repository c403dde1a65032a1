"""What the targets of a CMake project are made of, as CMake itself tells it: its file API."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovext.errors import ProjectError
from ovext.toolchain.process import run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ovext.toolchain.cmake import BuildTools

_LIBRARIES = {"MODULE_LIBRARY", "SHARED_LIBRARY"}
_SECONDS = 300.0  # that a configuration may take


@dataclass(frozen=True)
class LibraryTarget:
    """A shared library of a CMake project. Paths are absolute."""

    name: str
    sources: tuple[Path, ...]
    includes: tuple[Path, ...]
    definitions: tuple[str, ...]
    standard: int | None  # of C++, where the project says one
    libraries: tuple[str, ...]  # as the linker is given them


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
    groups = [group for group in target.get("compileGroups", []) if group["language"] == "CXX"]
    sources = [one["path"] for one in target.get("sources", []) if "compileGroupIndex" in one]
    includes = [one["path"] for group in groups for one in group.get("includes", []) if not one.get("isSystem")]
    definitions = [one["define"] for group in groups for one in group.get("defines", [])]
    standards = [int(group["languageStandard"]["standard"]) for group in groups if "languageStandard" in group]
    fragments = target.get("link", {}).get("commandFragments", [])
    return LibraryTarget(
        name=target["name"],
        sources=tuple(_absolute(source, path) for path in sources),
        includes=tuple(dict.fromkeys(_absolute(source, path) for path in includes)),
        definitions=tuple(dict.fromkeys(one for one in definitions if not one.endswith("_EXPORTS"))),
        standard=max(standards, default=None),
        libraries=tuple(one["fragment"] for one in fragments if one["role"] == "libraries"),
    )


def _absolute(source: Path, path: str) -> Path:
    return Path(os.path.normpath(source / path))
