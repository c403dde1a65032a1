"""CMake and Ninja: those installed beside ovext, else those on PATH."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from ovext.errors import ToolError
from ovext.toolchain.process import run

# Settings of this machine's tools, which no container sees.
_OF_THIS_MACHINE = re.compile(r"CXX|CXXFLAGS|CPPFLAGS|LDFLAGS|CMAKE_\w+|OpenVINO_DIR|INTEL_OPENVINO_DIR")
_OLDEST_CMAKE = (3, 26)
_FIX = "Both come with `pip install ovext`; reinstall it, or put them on PATH."


@dataclass(frozen=True)
class BuildTools:
    cmake: Path
    ninja: Path


LAUNCHER = "CMAKE_CXX_COMPILER_LAUNCHER"  # in the environment, a list


def has_cache(launcher: Path | None) -> bool:
    """Whether compilers run under a cache, such as ccache: as this launcher, or as one that the environment names."""
    programs = [str(launcher or ""), *os.environ.get(LAUNCHER, "").split(";")]
    return any("cache" in Path(one).name for one in programs)


def settings_of_this_machine() -> dict[str, str]:
    """The environment variables that decide what a build on this machine uses; they do not affect a container."""
    return {name: value for name, value in sorted(os.environ.items()) if _OF_THIS_MACHINE.fullmatch(name) and value}


def find_build_tools() -> BuildTools:
    """CMake 3.26 or newer, and Ninja.

    Raises:
        ToolError: one of them is missing, or the only CMake is older.
    """
    return BuildTools(cmake=_cmake(), ninja=_ninja())


def _cmake() -> Path:
    # The program itself: the script that the PyPI package installs in bin/ would first start Python.
    spec = importlib.util.find_spec("cmake")
    for root in spec.submodule_search_locations or () if spec else ():
        program = Path(root, "data", "bin", "cmake")
        if program.is_file():
            return program
    found = shutil.which("cmake")
    if not found:
        raise ToolError("CMake was not found", fix=_FIX)
    match = re.search(r"(\d+)\.(\d+)", run([found, "--version"], timeout=30).output)
    if not match or (int(match[1]), int(match[2])) < _OLDEST_CMAKE:
        raise ToolError(f"{found} is too old: ovext needs CMake {'.'.join(map(str, _OLDEST_CMAKE))}", fix=_FIX)
    return Path(found)


def _ninja() -> Path:
    beside = Path(sys.executable).with_name("ninja")
    if beside.is_file():
        return beside
    found = shutil.which("ninja") or shutil.which("ninja-build")
    if not found:
        raise ToolError("Ninja was not found", fix=_FIX)
    return Path(found)
