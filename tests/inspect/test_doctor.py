"""`ovext doctor`: what is on a machine, and why a file does not load on it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from helpers import Built, Clinic, Ovext
from ovext.errors import ExitCode
from ovext.toolchain.survey import this_system


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def machine_of(text: str) -> dict[str, dict[str, str]]:
    return {item["subject"]: item for item in json.loads(text)["machine"]}


def test_this_machine_can_build(ovext: Ovext) -> None:
    done = ovext("doctor", "--json")
    assert done.returncode == ExitCode.OK
    machine = machine_of(done.stdout)
    assert "sse42" in machine["CPU"]["found"]
    assert "GNU" in machine["compiler"]["found"]
    assert "2026.4.1, C++ ABI 1" in machine["OpenVINO"]["found"]
    assert {"CMake", "Ninja", "docker", "podman", "emulator", "OpenCL"} <= set(machine)


def test_this_system_is_what_its_tools_say() -> None:
    system = this_system()
    ldd = subprocess.run(["/usr/bin/ldd", "--version"], capture_output=True, text=True, check=True).stdout
    assert re.search(rf"\b{re.escape(system.glibc)}\b", ldd.splitlines()[0])
    assert system.glibcxx.startswith("3.4.")


@pytest.mark.parametrize(
    ("script", "found", "fix"),
    [
        ("exit 0", "alive", ""),
        ("echo 'Cannot connect to the daemon' >&2; exit 1", "the service of docker does not run", "Start docker"),
    ],
)
def test_container_engine_is_told_alive_or_dead(
    ovext: Ovext, tmp_path: Path, script: str, found: str, fix: str
) -> None:
    program(tmp_path / "bin", "docker", script)
    path = os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]])
    docker = machine_of(ovext("doctor", "--json", PATH=path).stdout)["docker"]
    assert docker["found"] == found
    assert docker["fix"].startswith(fix)


def test_machine_without_a_compiler_is_ill(ovext: Ovext, tmp_path: Path) -> None:
    done = ovext("doctor", PATH=str(tmp_path))
    assert done.returncode == ExitCode.FAILED
    assert "no C++ compiler was found" in done.stdout
    assert "-> Install one" in done.stdout


def test_file_that_loads_here(ovext: Ovext, built_relu: Built) -> None:
    done = ovext("doctor", built_relu.library)
    assert done.returncode == ExitCode.OK
    assert re.search(r"here +✓", done.stdout)


def test_file_that_does_not_load_here_is_explained_as_inspect_does(ovext: Ovext, clinic: Clinic) -> None:
    library = clinic.build("without_entry", "-DWITHOUT_ENTRY_POINT")
    done = ovext("doctor", library)
    assert done.returncode == ExitCode.FAILED
    assert "it does not export create_extensions" in done.stdout
    assert "it does not export create_extensions" in ovext("inspect", library).stdout


def test_file_that_is_no_library(ovext: Ovext, tmp_path: Path) -> None:
    (tmp_path / "x.so").write_text("text")
    assert ovext("doctor", tmp_path / "x.so").returncode == ExitCode.USAGE
