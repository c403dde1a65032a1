"""A new instruction set is one row of cmake/isa.json, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers import RUNNABLE
from ovext.targets.isa import host_cpuinfo_flags

if TYPE_CHECKING:
    from helpers import Repository

# Tests that go through the table and build no library.
TABLE_DRIVEN = ["unit/test_targets.py", "unit/test_house.py", "unit/test_plan.py", "build/test_dispatch.py"]
LIBRARY = Path("lib") / "ubuntu" / "libcustom_relu_cpu_extension.so"
IS_HERE = {"avx512dq", "avx512bw", "avx512vl"} <= host_cpuinfo_flags()


def test_a_library_with_it_is_built_inspected_and_chosen(widened: Repository, tmp_path: Path) -> None:
    project = widened.folder / "extension_src" / "custom_relu"
    done = widened.ovext("build", project, "--base-os", "ubuntu", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (record,) = json.loads((tmp_path / LIBRARY.with_name("manifest.json")).read_text())["libraries"]
    assert [variant["id"] for variant in record["variants"]][-2:] == ["avx512f", "avx512bw"]

    (file,) = json.loads(widened.ovext("inspect", tmp_path / LIBRARY, "--json").stdout)["files"]
    assert file["is_fine"] is True
    assert list(file["variants"])[-1] == "avx512bw"

    told: dict[str, Any] = json.loads(widened.ovext("isa", "--library", tmp_path / LIBRARY, "--json").stdout)
    assert told["compiled"] == told["known"]
    assert told["chosen"] == ("avx512bw" if IS_HERE else RUNNABLE[-1])


def test_a_wheel_holds_it(widened: Repository, tmp_path: Path) -> None:
    project = widened.folder / "extension_src" / "custom_relu"
    done = widened.ovext("wheel", project, "--isa", "avx2,avx512bw", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (record,) = json.loads(done.stdout)["libraries"]
    assert [variant["id"] for variant in record["variants"]] == ["avx2", "avx512bw"]


def test_a_new_project_has_its_preset(widened: Repository, tmp_path: Path) -> None:
    assert widened.ovext("new", "fresh", "--yes", cwd=tmp_path).returncode == 0
    presets = json.loads((tmp_path / "fresh" / "CMakePresets.json").read_text())["configurePresets"]
    assert "avx512bw" in {preset["name"] for preset in presets}
    assert "isa =" not in (tmp_path / "fresh" / "pyproject.toml").read_text()


def test_what_goes_through_the_table_passes_with_it(widened: Repository) -> None:
    tests = [str(widened.folder / "tests" / name) for name in TABLE_DRIVEN]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    environment = {"PYTHONPATH": widened.path, "PATH": "/usr/bin"}
    done = subprocess.run(command, cwd=widened.folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "avx512bw" in done.stdout or not IS_HERE
