"""The matrix of targets: real builds that stop, resume, fail, or run at the same time."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import struct
import subprocess
import sys
import termios
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from helpers import CUSTOM_RELU, ROOT, Finished, Ovext, copy_project
from ovext.errors import ExitCode
from ovext.inspect.elf import Elf
from ovext.inspect.payloads import payloads_of
from stopping import DEADLINE, running_ovext, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# While the file `hold` is in the project, the cell for ubi8 does not end; while `broken` is there, it fails.
HELD = """
if(CMAKE_BINARY_DIR MATCHES "ubi8")
  if(EXISTS "${CMAKE_SOURCE_DIR}/../hold")
    file(TOUCH "${CMAKE_SOURCE_DIR}/../reached")
    execute_process(COMMAND tail -f /dev/null)
  endif()
  if(EXISTS "${CMAKE_SOURCE_DIR}/../broken")
    message(FATAL_ERROR "broken on purpose")
  endif()
endif()
"""


class Workspace:
    """A folder with a quick project and the table of a matrix of two cells, for Ubuntu 24.04 and UBI 8."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = copy_project(CUSTOM_RELU, folder / "custom_relu")
        pyproject = self.project / "pyproject.toml"
        text = pyproject.read_text(encoding="utf-8").replace("[tool.ovext]\n", '[tool.ovext]\nisa = ["avx2"]\n')
        pyproject.write_text(text, encoding="utf-8")
        with (self.project / "CMakeLists.txt").open("a", encoding="utf-8") as file:
            file.write(HELD)
        table = 'projects = ["custom_relu"]\nbase-os = ["ubuntu24", "ubi8"]\nopenvino = ["2026.4.1"]\n'
        (folder / "pyproject.toml").write_text(f"[tool.ovext.matrix]\n{table}", encoding="utf-8")

    def run(self, *options: str, **env: str) -> Finished:
        command = [sys.executable, "-m", "ovext", "matrix", *options]
        return subprocess.run(
            command, cwd=self.folder, env={**os.environ, **env}, capture_output=True, text=True, check=False
        )

    @contextmanager
    def held(self) -> Iterator[subprocess.Popen[str]]:
        """A run that has finished its first cell and hangs in its second."""
        (self.folder / "hold").touch()
        with running_ovext("matrix", cwd=self.folder) as process:
            wait_until((self.folder / "reached").exists, process)
            yield process
        (self.folder / "hold").unlink()

    def results(self) -> dict[str, str]:
        """How each cell ended, by its base OS."""
        summary = json.loads((self.folder / "dist/matrix/summary.json").read_text(encoding="utf-8"))
        return {cell["base-os"]: cell["result"] for cell in summary["cells"]}

    def library(self, base_os: str) -> Path:
        return self.folder / f"dist/matrix/openvino2026.4.1-release/{base_os}/libcustom_relu_cpu_extension.so"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def test_each_openvino_gets_libraries_of_its_own(workspace: Workspace) -> None:
    done = workspace.run("--openvino", "2026.4.1", "--openvino", "2026.2.1", "--jobs", "2", "--json")
    assert done.returncode == 0, done.stderr
    cells = json.loads(done.stdout)["cells"]
    assert {(cell["openvino"], cell["base-os"], cell["result"]) for cell in cells} == {
        (openvino, base_os, "done") for openvino in ("2026.4.1", "2026.2.1") for base_os in ("ubuntu24", "ubi8")
    }
    for cell in cells:
        ((name, _),) = cell["libraries"].items()
        soname = {"2026.4.1": "libopenvino.so.2641", "2026.2.1": "libopenvino.so.2621"}[cell["openvino"]]
        assert soname in Elf(workspace.folder / "dist" / "matrix" / name).strings_of("NEEDED")
    table = (workspace.folder / "dist/matrix/summary.md").read_text(encoding="utf-8")
    assert "| custom_relu | ubi8 | 2026.2.1 | Release | done | " in table
    assert "\n4 done in " in table


def test_releases_that_a_project_lists_are_one_cell(workspace: Workspace) -> None:
    """Its library is for all of them."""
    (workspace.folder / "pyproject.toml").write_text('[tool.ovext.matrix]\nprojects = ["custom_relu"]\n')
    pyproject = workspace.project / "pyproject.toml"
    listed = pyproject.read_text(encoding="utf-8").replace('["2026.4.1"]', '["2026.2.1", "2026.4.1"]')
    pyproject.write_text(listed, encoding="utf-8")
    done = workspace.run("--only", "ubi8", "--json")
    assert done.returncode == 0, done.stderr
    (cell,) = [one for one in json.loads(done.stdout)["cells"] if one["result"] == "done"]
    assert (cell["cell"], cell["openvino"]) == (
        "custom_relu-ubi8-openvino2026.2.1,2026.4.1-release",
        "2026.2.1,2026.4.1",
    )
    ((name, _),) = cell["libraries"].items()
    releases = [one.release for one in payloads_of(Elf(workspace.folder / "dist" / "matrix" / name))]
    assert releases == ["2026.4.1", "2026.2.1"]


def test_resume_builds_what_has_changed_and_nothing_else(workspace: Workspace) -> None:
    assert workspace.run().returncode == 0
    workspace.run("--resume")
    assert workspace.results() == {"ubuntu24": "unchanged", "ubi8": "unchanged"}
    workspace.library("ubi8").write_bytes(b"damaged")
    workspace.run("--resume")
    assert workspace.results() == {"ubuntu24": "unchanged", "ubi8": "done"}
    with (workspace.project / "ops/custom_relu/kernel.cpp").open("a", encoding="utf-8") as file:
        file.write("// a change\n")
    workspace.run("--resume")
    assert workspace.results() == {"ubuntu24": "done", "ubi8": "done"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_stopped_goes_on_where_it_was(workspace: Workspace, number: signal.Signals) -> None:
    with workspace.held() as process:
        os.killpg(process.pid, number)
        _, said = process.communicate(timeout=DEADLINE)
    assert process.returncode == (ExitCode.INTERRUPTED if number == signal.SIGINT else -number), said
    assert workspace.library("ubuntu24").is_file()
    assert not workspace.library("ubi8").exists()
    done = workspace.run("--resume")
    assert done.returncode == 0, done.stderr
    assert workspace.results() == {"ubuntu24": "unchanged", "ubi8": "done"}


def test_ctrl_c_that_reaches_only_the_matrix_ends_its_builds_too(workspace: Workspace) -> None:
    with workspace.held() as process:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=DEADLINE)
    assert process.returncode == ExitCode.INTERRUPTED


def test_a_second_run_waits_for_the_first(workspace: Workspace) -> None:
    with workspace.held() as first, running_ovext("matrix", "--only", "ubuntu24", cwd=workspace.folder) as second:
        assert second.stderr is not None
        told = iter(second.stderr.readline, "")
        assert any("Waiting for another matrix" in line for line in told)
        os.killpg(first.pid, signal.SIGKILL)
        first.communicate()
        second.communicate(timeout=DEADLINE)
    assert second.returncode == 0


def test_a_failed_cell_is_told_with_its_reason_and_stops_the_run(workspace: Workspace) -> None:
    (workspace.folder / "broken").touch()
    order = ["--base-os", "ubi8", "--base-os", "ubuntu24"]
    done = workspace.run(*order)
    assert done.returncode == ExitCode.FAILED
    assert workspace.results() == {"ubi8": "failed", "ubuntu24": "left out"}
    assert "failed     custom_relu-ubi8-openvino2026.4.1-release: broken on purpose" in done.stdout
    assert "(dist/matrix/logs/custom_relu-ubi8-openvino2026.4.1-release.log)" in done.stdout
    assert "broken on purpose" in (
        workspace.folder / "dist/matrix/logs/custom_relu-ubi8-openvino2026.4.1-release.log"
    ).read_text(encoding="utf-8")
    assert workspace.run(*order, "--keep-going").returncode == ExitCode.FAILED
    assert workspace.results() == {"ubi8": "failed", "ubuntu24": "done"}


def test_two_projects_with_libraries_of_one_name_are_told(workspace: Workspace) -> None:
    copy_project(workspace.project, workspace.folder / "a_copy")
    done = workspace.run("--project", "custom_relu", "--project", "a_copy", "--base-os", "ubuntu24")
    assert done.returncode == ExitCode.FAILED
    told = "it replaced the library of custom_relu-ubuntu24-openvino2026.4.1-release, which has the same name"
    assert told in done.stdout


def test_other_flags_make_another_cell(workspace: Workspace) -> None:
    only = ["--only", "ubuntu24", "--resume"]
    workspace.run(*only)
    workspace.run(*only, CXXFLAGS="-DNOTHING_READS_THIS")
    assert workspace.results() == {"ubuntu24": "done"}
    workspace.run(*only, CXXFLAGS="-DNOTHING_READS_THIS")
    assert workspace.results() == {"ubuntu24": "unchanged"}


def test_a_terminal_shows_a_table(workspace: Workspace) -> None:
    """The pseudo-terminal is set to 12 lines."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 80, 0, 0))
    command = [sys.executable, "-m", "ovext", "matrix"]
    with subprocess.Popen(command, cwd=workspace.folder, stdout=slave, stderr=slave, stdin=slave) as process:
        os.close(slave)
        shown = b"".join(iter(lambda: read_terminal(master), b"")).decode()
    os.close(master)
    assert process.returncode == 0
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    for stage in ("queued", "building", "gate", "done", "1 of 2 cells"):
        assert stage in plain
    assert max(map(len, plain.splitlines())) <= 80


def read_terminal(master: int) -> bytes:
    try:
        return os.read(master, 1 << 16)
    except OSError:  # how Linux signals the end of a terminal
        return b""


def test_cells_can_be_chosen(workspace: Workspace) -> None:
    shown = workspace.run("--only", "*-ubi8-*", "--dry-run").stdout.splitlines()
    assert len(shown) == 1
    assert "--base-os ubi8 --openvino 2026.4.1 --build-type Release" in shown[0]
    names = ["--base-os", "ubuntu", "--base-os", "ubuntu24", "--dry-run"]
    assert len(workspace.run(*names).stdout.splitlines()) == 1
    wrong = workspace.run("--only", "ubi7")
    assert wrong.returncode == ExitCode.USAGE
    assert "no cell of the matrix fits 'ubi7'" in wrong.stderr
    assert "custom_relu-ubi8-openvino2026.4.1-release" in wrong.stderr


def test_wheels_are_products_too(workspace: Workspace) -> None:
    chosen = ["--product", "library", "--product", "wheel", "--base-os", "ubi8"]
    done = workspace.run(*chosen)
    assert done.returncode == 0, done.stderr
    assert "done       custom_relu-wheel-openvino2026.4.1-release" in done.stdout
    assert "done       custom_relu-ubi8-openvino2026.4.1-release" in done.stdout
    (wheel,) = (workspace.folder / "dist/matrix/openvino2026.4.1-release/wheels").glob("custom_relu-0.1.0-*.whl")
    again = workspace.run(*chosen, "--resume")
    assert again.stdout.count("unchanged  ") == 2
    wheel.unlink()
    again = workspace.run(*chosen, "--resume")
    assert "done       custom_relu-wheel-openvino2026.4.1-release" in again.stdout
    assert wheel.is_file()
    assert workspace.run("--product", "whell", "--dry-run").returncode == ExitCode.USAGE
    alone = workspace.run("--product", "wheel", "--base-os", "ubi8", "--dry-run")
    assert "--base-os and --build-type are for libraries, and the matrix has none" in alone.stderr


def test_a_base_image_needs_a_name_and_a_base_os(workspace: Workspace) -> None:
    for given, told in (("ubuntu24", "'ubuntu24' names no image"), ("ubunto24=a", "did you mean 'ubuntu24'?")):
        done = workspace.run("--base-image", given, "--dry-run")
        assert done.returncode == ExitCode.USAGE
        assert told in done.stderr


def test_github_gets_the_same_cells(ovext: Ovext) -> None:
    entries: list[dict[str, Any]] = json.loads(ovext("matrix", "--github", cwd=ROOT).stdout)["include"]
    named = {entry["cell"] for entry in entries}
    assert len(named) == len(entries) == 16
    assert {entry["project"] for entry in entries} == {"extension_src/complex_ops", "extension_src/custom_relu"}
    planned = json.loads(ovext("matrix", "--dry-run", "--json", cwd=ROOT).stdout)["commands"]
    assert set(planned) == named


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('base-os = ["ubunto24"]', "did you mean 'ubuntu24'?"),
        ('openvino = ["latest"]', "'latest' is not an OpenVINO version"),
        ('build-type = ["Fast"]', "unknown build type 'Fast'"),
        ('base_oss = ["ubi8"]', "unknown key 'base_oss'"),
        ('projects = ["nowhere"]', "there is no such folder"),
        ('projects = ["custom_relu", "custom_relu"]', "two projects of the matrix are called custom_relu"),
    ],
)
def test_a_wrong_table_is_told_with_its_place(workspace: Workspace, table: str, told: str) -> None:
    if not table.startswith("projects"):
        table = f'projects = ["custom_relu"]\n{table}'
    (workspace.folder / "pyproject.toml").write_text(f"[tool.ovext.matrix]\n{table}\n", encoding="utf-8")
    done = workspace.run("--dry-run")
    assert done.returncode in {ExitCode.USAGE, ExitCode.PROJECT}
    assert told in done.stderr


def test_a_folder_without_a_table(tmp_path: Path, ovext: Ovext) -> None:
    done = ovext("matrix", cwd=tmp_path)
    assert done.returncode == ExitCode.PROJECT
    assert "there is no table [tool.ovext.matrix]" in done.stderr


def test_a_project_alone_is_a_matrix_of_every_base_os(custom_relu: Path, ovext: Ovext) -> None:
    shown = json.loads(ovext("matrix", "--github", "--openvino", "2026.4.1", cwd=custom_relu).stdout)["include"]
    assert [entry["base-os"] for entry in shown] == ["ubuntu22", "ubuntu24", "debian12", "debian13", "ubi8", "ubi9"]


def test_a_state_that_cannot_be_read_is_not_overwritten(workspace: Workspace) -> None:
    state = workspace.folder / "dist/matrix/matrix-state.json"
    state.parent.mkdir(parents=True)
    state.write_text("{", encoding="utf-8")
    done = workspace.run("--resume")
    assert done.returncode == ExitCode.FILES
    assert "this state cannot be read" in done.stderr
    assert state.read_text(encoding="utf-8") == "{"
