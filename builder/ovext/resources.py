"""Where the files that come with ovext are, in a wheel and in a checkout."""

import re
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def cmake_dir() -> Path:
    """The folder of the CMake package `ovext`, to use as ovext_DIR."""
    return (_PACKAGE / "cmake").resolve()  # in a checkout, a symlink to the folder beside builder/


def version() -> str:
    """The version of ovext. Python's importlib.metadata would look through the folders of all packages for it."""
    text = (cmake_dir() / "ovext-config-version.cmake").read_text(encoding="utf-8")
    found = re.search(r'set\(PACKAGE_VERSION "(.+)"\)', text)
    return found[1] if found else "unknown"


def emulator_dir() -> Path:
    """The folder of the C++ sources that run an op on an emulated CPU."""
    return _PACKAGE / "emulator"


def licence() -> Path:
    """The text of ovext's own licence."""
    return (_PACKAGE / "LICENSE").resolve()


def docker_dir() -> Path:
    """The folder of the Dockerfiles."""
    return (_PACKAGE / "docker").resolve()
