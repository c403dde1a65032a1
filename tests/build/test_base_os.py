"""Rows of base OSes of a project's own: built for, judged by, and shown as those of ovext's own table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from helpers import copy_project
from ovext.errors import ExitCode, GateError

if TYPE_CHECKING:
    from pathlib import Path

    from helpers import Built, Ovext

OURS = '\n[[tool.ovext.base-os]]\nid = "ours"\nglibc = "2.34"\n'
OLD = '\n[[tool.ovext.base-os]]\nid = "old"\nglibc = "2.5"\n'
BARE = '\n[[tool.ovext.base-os]]\nid = "bare"\nglibc = "2.34"\nlibraries = ["libc.so.6", "libm.so.6"]\n'


def add(project: Path, *rows: str) -> None:
    file = project / "pyproject.toml"
    file.write_text(file.read_text().replace("[tool.ovext]\n", '[tool.ovext]\nisa = ["avx2"]\n') + "".join(rows))


def test_a_row_with_a_glibc_alone_is_built_for(custom_relu: Path, ovext: Ovext) -> None:
    """The other ceilings are those that every system with that glibc has."""
    add(custom_relu, OURS, OLD, BARE)
    done = ovext("build", "--base-os", "ours", cwd=custom_relu)
    assert done.returncode == 0, done.stderr
    (record,) = json.loads((custom_relu / "lib/ours/manifest.json").read_text())["libraries"]
    assert record["base_os"] == "ours"

    inspected = ovext("inspect", "lib/ours/libcustom_relu_cpu_extension.so", "--json", cwd=custom_relu)
    (file,) = json.loads(inspected.stdout)["files"]
    verdicts = {one["target"]: one["loads"] for one in file["verdicts"]}
    assert verdicts == {**dict.fromkeys(verdicts, True), "old": False, "bare": False}
    assert set(verdicts) > {"ours", "old", "bare", "ubi8", "debian13"}
    missing = [one["text"] for one in file["findings"] if one["code"] == "missing-library"]
    assert any("libstdc++.so.6" in text for text in missing)  # the row lists what the image has, and that is all


def test_a_library_that_the_row_refuses_is_not_published(custom_relu: Path, ovext: Ovext) -> None:
    add(custom_relu, OLD)
    done = ovext("build", "--base-os", "old", cwd=custom_relu)
    assert done.returncode == GateError.exit_code
    assert "old has 2.5" in done.stderr
    assert not (custom_relu / "lib/old/manifest.json").exists()


def test_a_matrix_has_cells_for_it(custom_relu: Path, ovext: Ovext) -> None:
    add(custom_relu, OURS)
    shown = ovext(
        "matrix", "--dry-run", "--base-os", "ours", "--base-image", "ours=example.org/ours:1", cwd=custom_relu
    )
    assert "--base-os ours --openvino 2026.4.1" in shown.stdout
    listed = json.loads(ovext("base-os", "--json", cwd=custom_relu).stdout)["base-os"]
    (row,) = [one for one in listed if one["id"] == "ours"]
    assert (row["glibcxx"], row["cxxabi"], row["libgcc"]) == ("3.4.29", "1.3.13", "7.0.0")
    assert "ours " in ovext("base-os", cwd=custom_relu).stdout
    assert "ours" not in ovext("base-os", cwd=custom_relu.parent).stdout


def test_a_container_for_it_needs_an_image(custom_relu: Path, ovext: Ovext) -> None:
    add(custom_relu, OURS)
    done = ovext("build", "--base-os", "ours", "--engine", "podman", cwd=custom_relu)
    assert done.returncode == ExitCode.ENGINE
    assert "the base OS has no image, and --base-image names none" in done.stderr
    planned = ovext("build", "--base-os", "ours", "--engine", "auto", "--explain", "--dry-run", cwd=custom_relu)
    assert "the base OS has no image, and --base-image names none" in planned.stdout + planned.stderr


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ('id = "ubuntu"\nglibc = "2.34"', "ubuntu names two base OSes"),
        ('id = "x"\nglibc = "2.34"\naliases = ["x"]', "x names two base OSes"),
        ('id = "x"\nglibc = "new"', "glibc"),
        ('id = "x"\nglibc = 2.34', "glibc"),
        ('id = "x"\nglibc = "2.1"', "nothing follows from glibc 2.1, which is too old"),
        ('id = "../x"\nglibc = "2.34"', "id"),
        ('id = "wheel"\nglibc = "2.34"', "wheel is a word that ovext uses"),
        ('id = "a..b"\nglibc = "2.34"', "id"),
        ('id = "x"\nglibc = "2.34"\ndockerfile = ["a"]', "dockerfile"),
        ('id = "x"\nglibc = "2.34"\ncxx = "g++ -O0"', "cxx"),
        ('id = "x"\nglibc = "2.34"\ndockerfile = "apk"', "dockerfile"),
        ('glibc = "2.34"', "id"),
        ('id = "x"\nglibc = "2.34"\nlibrary = []', "unknown key 'library' (did you mean 'libraries'?)"),
    ],
)
def test_a_wrong_row_is_told_with_its_line(row: str, told: str, custom_relu: Path, ovext: Ovext) -> None:
    add(custom_relu, f"\n[[tool.ovext.base-os]]\n{row}\n")
    done = ovext("build", "--base-os", "x", cwd=custom_relu)
    assert done.returncode == ExitCode.PROJECT
    assert told in done.stderr
    assert "pyproject.toml:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_base_os_on_which_openvino_does_not_load_is_refused(custom_relu: Path, ovext: Ovext) -> None:
    """The library alone would load there."""
    ceilings = 'glibcxx = "3.4.24"\ncxxabi = "1.3.11"\nlibgcc = "7.0.0"\n'
    add(custom_relu, f'\n[[tool.ovext.base-os]]\nid = "older"\nglibc = "2.17"\n{ceilings}')
    done = ovext("build", "--base-os", "older", cwd=custom_relu)
    assert done.returncode == GateError.exit_code
    assert "OpenVINO 2026.4.1 itself needs GLIBC_2." in done.stderr
    assert "older has 2.17" in done.stderr


def test_a_glibc_that_is_newer_than_any_known_one_counts(custom_relu: Path, ovext: Ovext) -> None:
    add(custom_relu, '\n[[tool.ovext.base-os]]\nid = "next"\nglibc = "2.99"\n')
    assert ovext("build", "--base-os", "next", cwd=custom_relu).returncode == 0


def test_the_table_of_a_matrix_alone_is_no_project(tmp_path: Path, built_relu: Built, ovext: Ovext) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.ovext.matrix]\nprojects = ["a"]\n')
    (tmp_path / "CMakeLists.txt").touch()
    assert ovext("inspect", built_relu.library, cwd=tmp_path).returncode == 0
    (tmp_path / "pyproject.toml").write_text("[tool]\novext = 3\n")
    assert ovext("base-os", cwd=tmp_path).returncode == 0


def test_cells_have_names_of_their_own(custom_relu: Path, ovext: Ovext) -> None:
    other = copy_project(custom_relu, custom_relu.parent / "custom_relu-my")
    add(custom_relu, OURS.replace("ours", "my-os"), OURS.replace("ours", "os"))
    add(other, OURS.replace("ours", "my-os"), OURS.replace("ours", "os"))
    wanted = ["--project", custom_relu.name, "--project", other.name, "--base-os", "my-os", "--base-os", "os"]
    done = ovext("matrix", *wanted, "--dry-run", cwd=custom_relu.parent)
    assert done.returncode == ExitCode.USAGE
    assert "two cells would be called custom_relu-my-os-openvino2026.4.1-release" in done.stderr
    lacking = ovext("matrix", *wanted[:4], "--base-os", "ubi9", "--base-os", "nix", "--dry-run", cwd=custom_relu.parent)
    assert "unknown base OS of custom_relu 'nix'" in lacking.stderr
