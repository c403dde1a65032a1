"""The presets with sanitizers, run in a C++ program on real OpenVINO."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from helpers import LIBOPENVINO, OPENVINO, PACKAGES, RUNNABLE, Finished, compile_all, need
from ovext.resources import cmake_dir
from ovext.toolchain.cmake import find_build_tools

PRESETS = {"asan": "address", "ubsan": "undefined", "tsan": "thread"}
# What docs/cmake.md says to set.
ENVIRONMENT = {
    "TBB_ENABLE_SANITIZERS": "1",
    "ASAN_OPTIONS": "detect_leaks=0",
    "TSAN_OPTIONS": "ignore_noninstrumented_modules=1",
    "LD_LIBRARY_PATH": str(LIBOPENVINO.parent),
}
PLANTED = """\
namespace {
volatile int values[4];
}
"""


def build_with(project: Path, preset: str) -> Path:
    tools = find_build_tools()
    settings = [f"-DCMAKE_MAKE_PROGRAM={tools.ninja}", f"-Dovext_DIR={cmake_dir()}"]
    for arguments in (["--preset", preset, *settings], ["--build", "--preset", preset]):
        done = subprocess.run([str(tools.cmake), *arguments], cwd=project, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return project / "build" / preset / "libcustom_relu_cpu_extension.so"


def run_with(library: Path, preset: str, folder: Path, isa: str) -> Finished:
    """Load the library and infer, in a program that has the sanitizer's runtime."""
    flags = f"-DCMAKE_CXX_FLAGS=-fsanitize={PRESETS[preset]}"
    compile_all(PACKAGES / "host", folder / "host", f"-DOpenVINO_DIR={OPENVINO / 'cmake'}", flags)
    # ThreadSanitizer needs memory at the addresses that it expects.
    command = ["setarch", "-R", str(folder / "host" / "host"), str(library)]
    environment = {**os.environ, **ENVIRONMENT, "OVEXT_ISA": isa}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("preset", PRESETS)
def test_preset_builds_and_runs(custom_relu: Path, tmp_path: Path, preset: str) -> None:
    need(shutil.which("setarch") is not None, "setarch")
    library = build_with(custom_relu, preset)
    for isa in RUNNABLE:
        done = run_with(library, preset, tmp_path, isa)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == f"{isa} right"


def test_a_mistake_in_a_kernel_is_found(custom_relu: Path, tmp_path: Path) -> None:
    need(shutil.which("setarch") is not None, "setarch")
    kernel = custom_relu / "ops" / "custom_relu" / "kernel.cpp"
    text = kernel.read_text().replace(
        "    const float slope =", "    values[4 + count % 2] = 1;\n    const float slope ="
    )
    kernel.write_text(text.replace("namespace custom_relu {\n", f"namespace custom_relu {{\n{PLANTED}", 1))
    done = run_with(build_with(custom_relu, "asan"), "asan", tmp_path, RUNNABLE[-1])
    assert done.returncode != 0
    assert "AddressSanitizer: global-buffer-overflow" in done.stderr
    assert "kernel.cpp" in done.stderr
