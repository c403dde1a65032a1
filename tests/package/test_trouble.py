"""Packaging on a full disk, and packaging that is stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import CUSTOM_RELU, Finished, copy_project, need
from ovext.errors import ExitCode
from ovext.files import sha256_of
from stopping import DEADLINE, running_ovext, wait_until

HELD = """
if(EXISTS "${CMAKE_SOURCE_DIR}/../hold")
  file(TOUCH "${CMAKE_SOURCE_DIR}/../reached")
  execute_process(COMMAND tail -f /dev/null)
endif()
"""


def on_small_disk(folder: Path, size: str, script: str) -> Finished:
    """Run a shell script in which `folder` is a disk of this size, seen only by the script and gone when it ends."""
    unshare = shutil.which("unshare")
    need(unshare is not None and os.geteuid() == 0, "unshare, run as root")
    folder.mkdir()
    command = [str(unshare), "--mount", "sh", "-c", f"mount -t tmpfs -o size={size} tmpfs '{folder}' && {script}"]
    return subprocess.run(command, cwd=folder.parent, capture_output=True, text=True, check=False)


def ovext(*arguments: str | Path) -> str:
    return " ".join([sys.executable, "-m ovext", *(f"'{argument}'" for argument in arguments)])


pytestmark = pytest.mark.usefixtures("without_compiler_cache")


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    """CustomReLU with one instruction set."""
    project = copy_project(CUSTOM_RELU, tmp_path / "custom_relu")
    pyproject = project / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8").replace("[tool.ovext]\n", '[tool.ovext]\nisa = ["avx2"]\n')
    pyproject.write_text(text, encoding="utf-8")
    return project


def test_a_wheel_does_not_fit(tmp_path: Path, quick: Path) -> None:
    disk = tmp_path / "disk"
    done = on_small_disk(disk, "16k", f"{ovext('wheel', quick, '--output', disk)}; code=$?; ls '{disk}'; exit $code")
    assert done.returncode == ExitCode.FILES
    assert f"error: {disk}/" in done.stderr
    assert "cannot write here: No space left on device" in done.stderr
    assert done.stdout == ""  # nothing half-made is left


def test_the_project_has_no_room_for_a_build(tmp_path: Path, quick: Path) -> None:
    disk = tmp_path / "disk"
    build = ovext("wheel", disk / "custom_relu", "--output", tmp_path / "dist")
    done = on_small_disk(disk, "400k", f"cp -r '{quick}' '{disk}' && {build}")
    assert done.returncode == ExitCode.FILES
    assert "No space left on device" in done.stderr or "The disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "dist").glob("*"))


@pytest.mark.parametrize("free", [0, 36])
def test_a_build_that_fails_on_a_full_disk_names_the_disk(tmp_path: Path, free: int) -> None:
    """Whatever the tool itself said: CMake, for one, says "Could NOT find Threads"."""
    disk = tmp_path / "disk"
    log = disk / "build.log"
    told = f"from ovext.errors import BuildError; print(BuildError('It failed.', output='', log=Path('{log}')))"
    fill = f"dd if=/dev/zero of='{disk}/filled' bs=1k count={200 - free} status=none"
    done = on_small_disk(disk, "200k", f'{fill}; {sys.executable} -c "from pathlib import Path; {told}"')
    assert f"The disk is full: free some space for {disk}." in done.stdout, done.stderr


def test_a_matrix_keeps_the_cells_that_did_fit(tmp_path: Path, quick: Path) -> None:
    disk = tmp_path / "disk"
    options: list[str | Path] = ["--base-os", "ubi8", "--base-os", "ubi9", "--openvino", "2026.4.1", "--output", disk]
    kept = f"sha256sum '{disk}'/*/ubi8/*.so"
    done = on_small_disk(disk, "170k", f"{ovext('matrix', quick, *options)}; code=$?; {kept}; exit $code")
    assert done.returncode in {ExitCode.FILES, ExitCode.FAILED}, done.stderr
    assert "custom_relu-ubi8-openvino2026.4.1-release: done" in done.stderr
    assert "custom_relu-ubi9-openvino2026.4.1-release: failed: " in done.stderr
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert "libcustom_relu_cpu_extension.so" in done.stdout


def test_a_wheel_that_is_interrupted_leaves_the_last_one(tmp_path: Path, quick: Path) -> None:
    with (quick / "CMakeLists.txt").open("a", encoding="utf-8") as file:
        file.write(HELD)
    command = [sys.executable, "-m", "ovext", "wheel", str(quick)]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    before = sha256_of(wheel)
    (tmp_path / "hold").touch()
    (quick / "CMakeLists.txt").touch()  # CMake configures again
    with running_ovext("wheel", quick, cwd=tmp_path) as process:
        wait_until((tmp_path / "reached").exists, process)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=DEADLINE)
    assert process.returncode == ExitCode.INTERRUPTED, said
    assert sha256_of(wheel) == before
    (tmp_path / "hold").unlink()
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0
