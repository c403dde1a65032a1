"""Where the files that come with ovext lie, in a wheel and in a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def cmake_dir() -> Path:
    """The folder of the CMake package `ovext`, to be used as ovext_DIR."""
    installed = _PACKAGE / "cmake"
    return installed if installed.is_dir() else _PACKAGE.parents[1] / "cmake"
