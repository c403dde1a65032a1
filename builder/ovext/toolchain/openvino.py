"""The OpenVINO to build against: where it is, and why that one."""

from __future__ import annotations

import importlib.util
import os
import re
from dataclasses import dataclass
from pathlib import Path

from ovext.errors import OpenVINOError, UsageError
from ovext.targets.openvino_version import OpenVINOVersion

VARIABLES = ("OpenVINO_DIR", "INTEL_OPENVINO_DIR")
# CMake's folder below the folder that a variable names: itself, or in a wheel, an unpacked archive, a system package.
_CMAKE_BELOW = (".", "cmake", "runtime/cmake", "openvino/cmake", "lib/cmake/openvino*", "lib/*/cmake/openvino*")
# From CMake's folder to the libraries: wheel, archive, system package.
_LIBRARIES_FROM_CMAKE = ("../libs", "../lib/intel64", "../lib", "../..")
# From CMake's folder to the folder of the Python package: wheel, archive.
_PYTHON_FROM_CMAKE = ("../..", "../../python")


@dataclass(frozen=True)
class OpenVINO:
    """An installed OpenVINO."""

    version: OpenVINOVersion
    cmake_dir: Path
    library: Path  # libopenvino.so.<soname version>
    cxx11_abi: bool  # the value of _GLIBCXX_USE_CXX11_ABI it was built with
    python_path: Path | None  # what to put on PYTHONPATH to import it; None if it has no Python package

    @property
    def soname(self) -> str:
        return self.library.name


@dataclass(frozen=True)
class OpenVINOChoice:
    """Which OpenVINO to use, and why. `cmake_dir` is None if `version` must be fetched first."""

    reason: str
    version: str | None = None
    cmake_dir: Path | None = None


def choose_openvino(asked: str | None, default: str, default_reason: str = "the project's default") -> OpenVINOChoice:
    """The first of: the requested version, OpenVINO_DIR, INTEL_OPENVINO_DIR, this Python environment, the default.

    Nothing is fetched and nothing outside the environment is read.

    Raises:
        UsageError: `asked` is not a version.
        OpenVINOError: a variable names a folder without OpenVINO's CMake files.
    """
    if asked is not None:
        return OpenVINOChoice(f"--openvino {asked}", version=str(OpenVINOVersion.parse(asked)))
    for variable in VARIABLES:
        if value := os.environ.get(variable):
            return OpenVINOChoice(f"{variable}={value}", cmake_dir=cmake_below(Path(value), variable))
    spec = importlib.util.find_spec("openvino")
    for package in spec.submodule_search_locations or () if spec else ():
        cmake_dir = Path(package, "cmake")
        if (cmake_dir / "OpenVINOConfig.cmake").is_file():
            return OpenVINOChoice("installed in this Python environment", cmake_dir=cmake_dir)
    reason = f"{default_reason}; no other OpenVINO was found"
    return OpenVINOChoice(reason, version=str(OpenVINOVersion.parse(default)))


def read_openvino(cmake_dir: Path) -> OpenVINO:
    """The installed OpenVINO whose OpenVINOConfig.cmake is in `cmake_dir`.

    Raises:
        OpenVINOError: files are missing or do not state their version.
    """
    cmake_dir = cmake_dir.resolve()
    try:
        version_text = (cmake_dir / "OpenVINOConfig-version.cmake").read_text()
        config_text = (cmake_dir / "OpenVINOConfig.cmake").read_text()
    except OSError as error:
        raise OpenVINOError(f"OpenVINO's CMake files cannot be read: {error}", where=cmake_dir) from None
    numbers = [re.search(rf"PACKAGE_VERSION_{part}\s+(\d+)", version_text) for part in ("MAJOR", "MINOR", "PATCH")]
    if not all(numbers):
        raise OpenVINOError("OpenVINOConfig-version.cmake does not say a version", where=cmake_dir)
    python_path = _python_path(cmake_dir)
    abi = re.search(r'OpenVINO_GLIBCXX_USE_CXX11_ABI\s+"?(\d)', config_text)
    return OpenVINO(
        version=_whole_version(OpenVINOVersion.parse(".".join(one[1] for one in numbers if one)), python_path),
        cmake_dir=cmake_dir,
        library=_library(cmake_dir),
        cxx11_abi=abi is None or abi[1] == "1",
        python_path=python_path,
    )


def cmake_below(root: Path, variable: str) -> Path:
    """CMake's folder of the OpenVINO in or below `root`, which is the value of `variable`.

    Raises:
        OpenVINOError: there is none.
    """
    for pattern in _CMAKE_BELOW:
        for candidate in [root] if pattern == "." else sorted(root.glob(pattern)):
            if (candidate / "OpenVINOConfig.cmake").is_file():
                return candidate
    raise OpenVINOError(
        f"{variable} names {root}, where no OpenVINOConfig.cmake was found",
        fix=f"Unset {variable}, or let it name OpenVINO's folder or its cmake folder.",
    )


def _library(cmake_dir: Path) -> Path:
    for place in _LIBRARIES_FROM_CMAKE:
        for library in sorted((cmake_dir / place).resolve().glob("libopenvino.so.*")):
            if re.fullmatch(r"libopenvino\.so\.\d{4,}", library.name):
                return library
    raise OpenVINOError("libopenvino.so was not found beside OpenVINO's CMake files", where=cmake_dir)


def _whole_version(version: OpenVINOVersion, python_path: Path | None) -> OpenVINOVersion:
    """The version with the suffix that only a wheel's own metadata has, as in 2024.4.1.dev20240926."""
    for folder in python_path.glob(f"openvino-{version}*.dist-info") if python_path else ():
        try:
            return OpenVINOVersion.parse(folder.name.removeprefix("openvino-").removesuffix(".dist-info"))
        except UsageError:
            continue
    return version


def _python_path(cmake_dir: Path) -> Path | None:
    for place in _PYTHON_FROM_CMAKE:
        folder = (cmake_dir / place).resolve()
        if (folder / "openvino" / "__init__.py").is_file():
            return folder
    return None
