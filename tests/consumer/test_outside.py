"""Projects outside this repository: built by the tool and by plain CMake, from a path with spaces, from a wheel."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import openvino as ov

from helpers import PACKAGES, ROOT, Built, Ovext, copy_project
from ovext.models.ir import TensorType, one_op_model
from ovext.toolchain.cmake import find_build_tools

if TYPE_CHECKING:
    from pathlib import Path


def double(library: Path) -> list[float]:
    core = ov.Core()
    core.add_extension(str(library))
    model = core.read_model(one_op_model("Doubled", "two_ops", [TensorType("f32", (3,))]).encode(), b"")
    numbers: list[float] = core.compile_model(model, "CPU")(np.array([1, -2, 0.5], np.float32))[0].tolist()
    return numbers


def test_the_tool_builds_it(built_two_ops: Built) -> None:
    assert " " in str(built_two_ops.project)
    assert double(built_two_ops.library) == [2, -4, 1]


def test_plain_cmake_builds_it(tmp_path: Path, ovext: Ovext) -> None:
    """With just find_package(ovext), in the folder that the tool names, and the OpenVINO of the active Python."""
    project = copy_project(PACKAGES / "two_ops", tmp_path / "an outside project")
    cmake_dir = ovext("env", "--cmake-dir").stdout.strip()
    tools = find_build_tools()
    environment = {**os.environ, "ovext_DIR": cmake_dir}
    for arguments in (["-S", str(project), "-B", "a build", "-DENABLE_AVX2=ON"], ["--build", "a build"]):
        command = [str(tools.cmake), *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert double(tmp_path / "a build" / "libtwo_ops_cpu_extension.so") == [2, -4, 1]


def test_the_wheel_of_the_tool_holds_all_that_a_build_needs(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)], check=True)
    (wheel,) = tmp_path.glob("ovext-*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(tmp_path / "site"), str(wheel)], check=True)
    project = copy_project(PACKAGES / "two_ops", tmp_path / "project")
    done = subprocess.run(
        [sys.executable, "-m", "ovext", "build", project, "--isa", "avx2"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"{tmp_path / 'site'}" in (next((project / "build").glob("*/CMakeCache.txt"))).read_text()
    assert double(tmp_path / "lib" / "ubuntu" / "libtwo_ops_cpu_extension.so") == [2, -4, 1]
