"""The C++ compiler that builds an extension."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from ovext.errors import ToolError
from ovext.toolchain.process import run

_CANDIDATES = ("g++", "c++", "clang++")
_OLDEST = {"GNU": (11, 0), "Clang": (14, 0)}
_INSTALL = "Install one, for instance with: apt-get install g++ (Debian, Ubuntu) or dnf install gcc-c++ (Red Hat)."


@dataclass(frozen=True)
class Compiler:
    """A C++17 compiler: its path, its family as CMake names it, its version."""

    path: Path
    id: str
    version: str


def find_compiler() -> Compiler:
    """The compiler that the environment variable CXX names, else the first of g++, c++, clang++.

    Raises:
        ToolError: there is none, or it is older than GCC 11 or Clang 14.
    """
    asked = os.environ.get("CXX")
    for name in (asked,) if asked else _CANDIDATES:
        if path := shutil.which(name):
            return _checked(Path(path))
    if asked:
        raise ToolError(f"the C++ compiler '{asked}' that CXX names was not found", fix=_INSTALL)
    raise ToolError(f"no C++ compiler was found (looked for {', '.join(_CANDIDATES)})", fix=_INSTALL)


def _checked(path: Path) -> Compiler:
    finished = run([str(path), "--version"])
    first_line = finished.output.partition("\n")[0]
    family = "Clang" if "clang" in first_line else "GNU"
    match = re.search(r"(\d+)\.(\d+)(?:\.\d+)?", first_line)
    if not finished.ok or not match:
        raise ToolError(f"'{path} --version' does not answer as a C++ compiler does: {first_line or finished.errors}")
    if (int(match[1]), int(match[2])) < _OLDEST[family]:
        oldest = ".".join(map(str, _OLDEST[family]))
        raise ToolError(f"{path} is {family} {match[0]}; ovext needs {oldest} or newer", fix=_INSTALL)
    return Compiler(path, family, match[0])
