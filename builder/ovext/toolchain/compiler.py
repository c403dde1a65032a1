"""The C++ compiler that builds an extension."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from ovext.errors import ToolError
from ovext.toolchain.process import run

ANSWER_SECONDS = 30.0  # after this time, a silent compiler counts as hanging
CANDIDATES = ("g++", "c++", "clang++")
BINUTILS = ("ld.bfd", "nm", "objcopy")  # as in cmake/seal.cmake
_OLDEST = {"GNU": (11, 0), "Clang": (14, 0)}
_INSTALL = "Install one, for instance with: apt-get install g++ (Debian, Ubuntu) or dnf install gcc-c++ (Red Hat)."


@dataclass(frozen=True)
class Compiler:
    """A C++17 compiler: its path, its family as CMake names it, its version."""

    path: Path
    id: str
    version: str
    launcher: Path | None = None  # such as ccache
    reason: str = ""


def find_compiler() -> Compiler:
    """The compiler that the environment variable CXX names, else the first of g++, c++, clang++ that is new enough.

    CXX may name a launcher before the compiler: "ccache g++".

    Raises:
        ToolError: there is none, or none that is GCC 11 or Clang 14 or newer.
    """
    if asked := shlex.split(os.environ.get("CXX", "")):
        return _asked(asked)
    too_old = []
    for path in filter(None, map(shutil.which, CANDIDATES)):
        try:
            return check_compiler(Path(path), f"the first of {', '.join(CANDIDATES)} on PATH")
        except ToolError as error:
            too_old.append(error)
    if too_old:
        raise too_old[0]
    raise ToolError(f"no C++ compiler was found (looked for {', '.join(CANDIDATES)})", fix=_INSTALL)


def _asked(words: list[str]) -> Compiler:
    paths = [shutil.which(word) for word in words]
    for word, path in zip(words, paths, strict=True):
        if path is None:
            raise ToolError(f"the C++ compiler '{word}' that CXX names was not found", fix=_INSTALL)
    if len(words) > 2:  # noqa: PLR2004  launcher and compiler
        raise ToolError(
            f"CXX='{shlex.join(words)}' is more than a launcher and a compiler", fix="Put flags into CXXFLAGS."
        )
    found = [Path(path).absolute() for path in paths if path]
    compiler = check_compiler(found[-1], "CXX names it")
    return replace(compiler, launcher=found[0]) if len(found) > 1 else compiler


def check_compiler(path: Path, reason: str) -> Compiler:
    """The compiler at `path`.

    Raises:
        ToolError: it is not a C++ compiler, or is too old.
    """
    described = run([str(path), "--version"], timeout=ANSWER_SECONDS)
    family = "Clang" if "clang" in described.output.partition("\n")[0] else "GNU"
    # Not --version: a vendor's number may come first there. GCC's -dumpversion alone may print only the major number.
    command = [str(path), *(["-dumpfullversion"] if family == "GNU" else []), "-dumpversion"]
    finished = run(command, timeout=ANSWER_SECONDS)
    match = re.match(r"(\d+)\.(\d+)(?:\.\d+)*", finished.output.strip())
    if not finished.ok or not match:
        said = (finished.output or finished.errors).strip()
        raise ToolError(f"'{' '.join(command)}' does not answer as a C++ compiler does: {said}")
    if (int(match[1]), int(match[2])) < _OLDEST[family]:
        oldest = ".".join(map(str, _OLDEST[family]))
        raise ToolError(f"{path} is {family} {match[0]}; ovext needs {oldest} or newer", fix=_INSTALL)
    return Compiler(path, family, match[0], reason=reason)


def check_binutils(compiler: Compiler) -> None:
    """Check that the tools that seal variants are on PATH or where the compiler has them.

    Raises:
        ToolError: a part of GNU binutils is missing.
    """
    for tool in BINUTILS:
        if shutil.which(tool) is None:
            found = run([str(compiler.path), f"-print-prog-name={tool}"], timeout=ANSWER_SECONDS).output.strip()
            if shutil.which(found or tool) is None:
                fix = "Install the package binutils, with apt-get (Debian, Ubuntu) or dnf (Red Hat)."
                raise ToolError(f"{tool} of GNU binutils was not found", fix=fix)
