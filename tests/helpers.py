"""The parts of the product that tests use: its command, its projects, and its libraries loaded in this process."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import openvino as ov
import pytest

from forked import run_forked
from ovext.lock import folder_lock
from ovext.models.ir import TensorType, one_op_model
from ovext.resources import cmake_dir
from ovext.targets.isa import host_cpuinfo_flags, isa_table
from ovext.toolchain.cmake import find_build_tools

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[1]
CUSTOM_RELU = ROOT / "extension_src" / "custom_relu"
PACKAGES = ROOT / "tests" / "packages"

# Code outside the variants that uses wide registers, for op.cpp.
LEAK = """\
[[gnu::target("avx2"), gnu::noinline]] void leak(int* values) {
    for (int i = 0; i < 64; ++i) {
        values[i] += 3;
    }
}
void (*keep)(int*) = leak;
"""

# Variables of a user's environment that would change what a test sees.
SETTINGS_OF_USERS = ("OVEXT_ISA", "CPU_EXTENSION", "OpenVINO_DIR", "INTEL_OPENVINO_DIR", "CXX", "CXXFLAGS", "LDFLAGS")
_SECONDS = 300.0  # for one command
# The instruction sets that this CPU supports.
RUNNABLE = [row.id for row in isa_table().values() if row.is_supported(host_cpuinfo_flags())]

OPENVINO = Path(ov.__file__).parent
LIBOPENVINO = next((OPENVINO / "libs").glob("libopenvino.so.*"))
_HEALTHY = ["-O1", "-std=c++17", "-shared", "-fPIC", "-fvisibility=hidden", "-fno-gnu-unique", "-Wl,-z,relro,-z,now"]

Array = np.ndarray[Any, Any]
Finished = subprocess.CompletedProcess[str]


class Ovext(Protocol):
    """Runs the command in its own process; keywords are environment variables."""

    def __call__(self, *arguments: str | Path, cwd: Path | None = None, **env: str) -> Finished: ...


class CMake(Protocol):
    """Runs CMake without the builder."""

    def __call__(self, source: Path, build: Path, *settings: str) -> Finished: ...


def run_ovext(*arguments: str | Path, cwd: Path | None = None, **env: str) -> Finished:
    """`ovext` in its own process, without the settings of users."""
    if any(name.startswith(("LANG", "LC_", "LD_", "PYTHON")) for name in env):
        return start_ovext(*arguments, cwd=cwd, **env)
    words = [str(one) for one in arguments]
    return run_forked(words, cwd=cwd, env=_environment(env), timeout=_SECONDS)


def start_ovext(*arguments: str | Path, cwd: Path | None = None, **env: str) -> Finished:
    """The same in a new interpreter, for what counts from its start on."""
    command = [sys.executable, "-m", "ovext", *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, env=_environment(env), capture_output=True, text=True, check=False, timeout=_SECONDS
    )


def _environment(env: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in SETTINGS_OF_USERS}
    return {**kept, "COLUMNS": "100", **env}


def configure(source: Path, build: Path, *settings: str) -> Finished:
    """Configure a source folder with plain CMake; the result is not checked."""
    tools = find_build_tools()
    fixed = ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={tools.ninja}", f"-Dovext_DIR={cmake_dir()}"]
    command = [str(tools.cmake), "-S", str(source), "-B", str(build), *fixed, *settings]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def compile_all(source: Path, build: Path, *settings: str) -> Finished:
    """Configure and compile a source folder with plain CMake; a failure fails the test."""
    configured = configure(source, build, *settings)
    assert configured.returncode == 0, configured.stderr
    command = [str(find_build_tools().cmake), "--build", str(build)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return done


def copy_project(source: Path, target: Path) -> Path:
    """Copy a project without its build results."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("build"))
    return target


def copy_any_cpp(folder: Path) -> Path:
    """Copy the package any_cpp, with the files that it shares with two_ops."""
    project = copy_project(PACKAGES / "any_cpp", folder / "any_cpp")
    shutil.copy(PACKAGES / "two_ops" / "ops" / "elementwise.hpp", project / "ops")
    return project


@dataclass(frozen=True)
class Repository:
    """A copy of this repository."""

    folder: Path

    @property
    def path(self) -> str:
        """The import path that makes Python import the copy."""
        return str(self.folder / "builder")

    def ovext(self, *arguments: str | Path, cwd: Path | None = None) -> Finished:
        return run_ovext(*arguments, cwd=cwd, PYTHONPATH=self.path)


@dataclass(frozen=True)
class Built:
    """A copy of a project, and the results of `ovext build`."""

    project: Path
    output_dir: Path  # lib/ubuntu
    library: Path

    @property
    def build_dir(self) -> Path:
        return next((self.project / "build").glob("host-ubuntu24-*"))

    @cached_property
    def content(self) -> bytes:
        return self.library.read_bytes()


def build_project(source: Path, folder: Path, library: str, *options: str) -> Built:
    """Build a copy of a project with the tool."""
    project = copy_project(source, folder / source.name)
    done = run_ovext("build", project, "--base-os", "ubuntu", *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    output_dir = folder / "lib" / "ubuntu"
    return Built(project, output_dir, output_dir / library)


@dataclass(frozen=True)
class Loaded:
    """A core with a library whose instruction set was forced."""

    core: ov.Core
    library: Path

    @property
    def active_isa(self) -> str:
        function = ctypes.CDLL(str(self.library)).ovext_active_isa
        function.restype = ctypes.c_char_p
        name: bytes = function()
        return name.decode()

    def model(self, op: str, opset: str, tensor: TensorType, **attributes: Any) -> ov.Model:
        text = {name: str(value) for name, value in attributes.items()}
        return self.core.read_model(one_op_model(op, opset, [tensor], text).encode(), b"")

    def infer(self, op: str, opset: str, data: Array, **attributes: Any) -> Array:
        """Infer the op in a one-op model with the type and shape of the data, compiled for CPU."""
        tensor = TensorType(ov.Type(data.dtype).get_type_name(), data.shape)
        config = {"INFERENCE_PRECISION_HINT": "f32"}
        compiled = self.core.compile_model(self.model(op, opset, tensor, **attributes), "CPU", config)
        return np.array(compiled(data)[0])


class LoadForced(Protocol):
    """Loads a library with OVEXT_ISA set."""

    def __call__(self, library: Path, isa: str) -> Loaded: ...


class Clinic:
    """Builds small libraries from tests/packages/illnesses/healthy.cpp."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def build(self, name: str, *flags: str, link: bool = True) -> Path:
        """Build a library with `flags` after the compiler flags of a healthy one."""
        library = self.folder / f"lib{name}.so"
        command = ["g++", *_HEALTHY, str(PACKAGES / "illnesses" / "healthy.cpp"), "-o", str(library)]
        command += ["-D_GLIBCXX_USE_CXX11_ABI=1", f"-I{OPENVINO / 'include'}", *flags]
        done = subprocess.run(
            [*command, *([str(LIBOPENVINO)] if link else [])], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return library

    def variant_library(self, name: str, *, before_op: str = "", cmake: str = "") -> Path:
        """Build CustomReLU for AVX2 without the builder's gate, with text before op.cpp and after CMakeLists.txt."""
        project = copy_project(CUSTOM_RELU, self.folder / name)
        source = project / "ops" / "custom_relu" / "op.cpp"
        source.write_text(before_op + source.read_text())
        lists = project / "CMakeLists.txt"
        lists.write_text(lists.read_text() + cmake)
        compile_all(project, project / "build", "-DOVEXT_ISA=avx2")
        return project / "build" / "libcustom_relu_cpu_extension.so"


def register_bytes(isa: str) -> int:
    """The width of the vector registers of a variant."""
    features = isa_table()[isa].features
    return 64 if "avx512f" in features else 32 if "avx2" in features else 16


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Hold a lock against other pytest processes that would make the same thing."""
    folder = ROOT / "build" / "test-locks" / name
    folder.mkdir(parents=True, exist_ok=True)
    with folder_lock(folder, "another pytest", print):
        yield


def need(condition: bool, what: str) -> None:
    """Skip a test that needs something this machine lacks; if OVEXT_TEST_ALL is set, fail instead."""
    if condition:
        return
    if os.environ.get("OVEXT_TEST_ALL"):
        pytest.fail(f"OVEXT_TEST_ALL is set, and this machine lacks {what}")
    pytest.skip(f"needs {what}")
