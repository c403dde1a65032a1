"""Libraries built on new systems load on old ones: in roots of other Debian releases, made with debootstrap."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from helpers import (
    CUSTOM_RELU,
    LIBOPENVINO,
    PACKAGES,
    ROOT,
    RUNNABLE,
    Built,
    compile_all,
    copy_any_cpp,
    copy_project,
    run_ovext,
)
from ovext.inspect.elf import Elf
from ovext.inspect.functions import functions_of
from ovext.inspect.instructions import features_of_variant
from ovext.inspect.versions import highest, needs_of, parse
from roots import NEW, make_root

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers import LoadForced

# glibc 2.31, and 2.41 with GCC 14.
OLD = "bullseye"
FLOOR = {"GLIBC": "2.17", "GLIBCXX": "3.4.22", "CXXABI": "1.3.11"}


def in_root(root: Path, *command: str, mounts: dict[Path, str]) -> list[str]:
    """The command line that runs `command` in the root, with `mounts`, and /proc and /sys, which OpenVINO needs.

    The mounts are in their own namespace and end with it.
    """
    lines = [f"mount -t proc proc '{root}/proc'", f"mount --rbind /sys '{root}/sys'"]
    for source, target in mounts.items():
        lines += [f"mkdir -p '{root}{target}'", f"mount --bind '{source}' '{root}{target}'"]
    script = " && ".join([*lines, f"exec chroot '{root}' \"$@\""])
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "in_root", *command]


def within_floor(library: Path) -> bool:
    found = highest(needs_of(Elf(library)))
    return all(parse(f"{family}_{found[family]}") <= parse(f"{family}_{FLOOR[family]}") for family in found)  # type: ignore[operator]


def test_library_built_here_is_within_the_floor(
    built_relu: Built, built_two_ops: Built, relu_for_releases: Built
) -> None:
    assert within_floor(built_relu.library)
    assert within_floor(built_two_ops.library)
    assert within_floor(relu_for_releases.library)


@pytest.mark.parametrize("name", ["built_relu", "relu_for_releases"])
def test_library_built_here_loads_and_computes_on_debian_11(name: str, request: pytest.FixtureRequest) -> None:
    built: Built = request.getfixturevalue(name)
    root = make_root(OLD, "python3")
    mounts = {LIBOPENVINO.parent: "/openvino", built.output_dir: "/extension", PACKAGES: "/packages"}
    capi = next(LIBOPENVINO.parent.glob("libopenvino_c.so.*")).name
    command = ["python3", "/packages/old_root.py", f"/openvino/{capi}", f"/extension/{built.library.name}"]
    done = subprocess.run(
        in_root(root, *command, mounts=mounts), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"{RUNNABLE[-1]} right"


@pytest.fixture
def compiler_of() -> Callable[[Path, Path], Path]:
    """The g++ of a root as a compiler for CXX, which works on this machine's files."""

    def make(root: Path, folder: Path) -> Path:
        shared = {path: str(path) for path in (folder, ROOT / "cmake", LIBOPENVINO.parents[1])}
        words = in_root(root, "sh", "-c", 'cd "$0" && exec g++ "$@"', mounts=shared)
        script = folder / "g++-of-root"
        quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)
        script.write_text(f'#!/bin/sh\nexec {quoted} "$PWD" "$@"\n')
        script.chmod(0o755)
        return script

    return make


@pytest.mark.usefixtures("without_compiler_cache")
def test_library_built_on_debian_13_is_within_the_floor(
    tmp_path: Path, compiler_of: Callable[[Path, Path], Path]
) -> None:
    root = make_root(NEW, "g++")
    project = copy_project(CUSTOM_RELU, tmp_path / "custom_relu")
    compiler = compiler_of(root, tmp_path)
    done = run_ovext("build", project, "--base-os", "ubi8", cwd=tmp_path, CXX=str(compiler), TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    library = tmp_path / "lib" / "ubi8" / "libcustom_relu_cpu_extension.so"
    assert within_floor(library)
    assert b"GCC: (Debian 14" in library.read_bytes()


@pytest.mark.usefixtures("without_compiler_cache")
def test_kernels_in_any_cpp_compiled_by_gcc_14(
    tmp_path: Path, compiler_of: Callable[[Path, Path], Path], load_forced: LoadForced
) -> None:
    root = make_root(NEW, "g++")
    project = copy_any_cpp(tmp_path)
    settings = [f"-DCMAKE_CXX_COMPILER={compiler_of(root, tmp_path)}", "-DOVEXT_ISA=multi"]
    compile_all(project, tmp_path / "build", *settings, "-DXSIMD=OFF", "-DHIGHWAY=OFF", "-DEIGEN=OFF")
    library = tmp_path / "build" / "libany_cpp_cpu_extension.so"
    assert within_floor(library)
    variants = [one for one in functions_of(Elf(library)) if one.variant]
    assert not [one for one in variants if one.features - features_of_variant(one.variant)]
    data = np.array([3, -1, 2, 5, 4], np.float32)
    for isa in RUNNABLE:
        loaded = load_forced(library, isa)
        assert loaded.infer("Standard", "any_cpp", data).tolist() == (np.sort(data) * 2 + 3).tolist()
