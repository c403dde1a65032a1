"""Wrong use and broken projects: one clear message each, the documented exit code, and nothing lost."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers import PACKAGES, copy_project, start_ovext
from ovext.errors import ExitCode

if TYPE_CHECKING:
    from helpers import Built, Ovext


def check(ovext: Ovext, project: Path, code: ExitCode, told: str, *options: str, **env: str) -> str:
    done = ovext("build", project, *options, cwd=project.parent, **env)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--base-os", "ubunto"], "unknown base OS 'ubunto' (did you mean 'ubuntu'?)"),
        (["--isa", "avx512"], "unknown instruction set 'avx512' (did you mean 'avx512f'?)"),
        (["--engine", "lxc"], "unknown engine 'lxc'"),
        (["--openvino", "newest"], "'newest' is not an OpenVINO version"),
        (["--jobs", "0"], "--jobs 0"),
        (["--jobs", "many"], "Invalid value for '--jobs'"),
        (["--no-such-option"], "No such option"),
    ],
)
def test_wrong_options(ovext: Ovext, custom_relu: Path, options: list[str], told: str) -> None:
    check(ovext, custom_relu, ExitCode.USAGE, told, *options)


def test_openvino_version_that_does_not_exist(ovext: Ovext, custom_relu: Path, tmp_path: Path) -> None:
    told = check(
        ovext,
        custom_relu,
        ExitCode.OPENVINO,
        "OpenVINO 2026.4.77 does not exist in the package index (did you mean '2026.4.",
        *("--openvino", "2026.4.77"),
        OVEXT_CACHE_DIR=str(tmp_path / "cache"),
    )
    assert "For this Python it offers" in told
    assert not list((tmp_path / "cache" / "openvino").glob("2026*"))


def test_no_package_index(ovext: Ovext, custom_relu: Path, tmp_path: Path) -> None:
    told = check(
        ovext,
        custom_relu,
        ExitCode.OPENVINO,
        "OpenVINO 2026.2.1 could not be fetched",
        *("--openvino", "2026.2.1"),
        OVEXT_CACHE_DIR=str(tmp_path / "cache"),
        PIP_NO_INDEX="1",
        PIP_FIND_LINKS=str(tmp_path),
    )
    assert "PIP_FIND_LINKS" in told


def test_cache_that_cannot_be_written(ovext: Ovext, custom_relu: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file is in the way")
    told = check(
        ovext,
        custom_relu,
        ExitCode.FILES,
        "the cache folder cannot be written",
        *("--openvino", "2026.2.1"),
        OVEXT_CACHE_DIR=str(tmp_path / "cache"),
    )
    assert "Set OVEXT_CACHE_DIR" in told


def test_no_compiler(ovext: Ovext, custom_relu: Path, tmp_path: Path) -> None:
    told = check(ovext, custom_relu, ExitCode.TOOL, "no C++ compiler was found", PATH=str(tmp_path))
    assert "apt-get install g++" in told


def test_compiler_that_cxx_names_is_missing(ovext: Ovext, custom_relu: Path) -> None:
    check(ovext, custom_relu, ExitCode.TOOL, "'g++-99' that CXX names was not found", CXX="g++-99")


def test_compiler_that_is_too_old(ovext: Ovext, custom_relu: Path, tmp_path: Path) -> None:
    old = tmp_path / "g++"
    described = "g++ (GCC) 8.5.0 20210514 (Red Hat 8.5.0-4)"
    old.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "{described}" || echo 8.5.0\n')
    old.chmod(0o755)
    check(ovext, custom_relu, ExitCode.TOOL, f"{old} is GNU 8.5.0; ovext needs 11.0 or newer", CXX=str(old))


@pytest.mark.usefixtures("without_compiler_cache")  # it compiles with relative paths
def test_error_in_the_op_is_shown_at_the_users_line(ovext: Ovext, custom_relu: Path) -> None:
    source = custom_relu / "ops" / "custom_relu" / "op.cpp"
    text = source.read_text()
    line = text[: text.index("set_output_type")].count("\n") + 1
    source.write_text(text.replace("set_output_type(0, get_input_element_type(0),", "set_output_type(0, typ,"))
    told = check(ovext, custom_relu, ExitCode.FAILED, f"{source}:{line}:", "--isa", "sse42")
    assert "was not declared in this scope" in told
    assert "The project did not compile." in told
    assert "ovext-build.log" in told


def test_error_in_cmakelists_is_shown_at_the_users_line(ovext: Ovext, custom_relu: Path) -> None:
    (custom_relu / "CMakeLists.txt").write_text((custom_relu / "CMakeLists.txt").read_text() + "no_such_command()\n")
    told = check(ovext, custom_relu, ExitCode.FAILED, "CMake Error at CMakeLists.txt:7 (no_such_command)")
    assert told.startswith("error: CMake Error") or "\nerror: CMake Error" in told


def test_project_without_a_library(ovext: Ovext, custom_relu: Path) -> None:
    (custom_relu / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.26)\nproject(x LANGUAGES CXX)\nfind_package(ovext REQUIRED)\n"
    )
    check(ovext, custom_relu, ExitCode.PROJECT, "the project configures no library")


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("pyproject.toml", "[tool.ovext]\nopenvino = [\n", "pyproject.toml:"),
        (
            "pyproject.toml",
            "[tool.ovext]\nopenvinos = ['2026.4.1']\n",
            "unknown key 'openvinos' (did you mean 'openvino'?)",
        ),
        ("ops/custom_relu/op.toml", "schema = 2\n", "op.toml:1: schema"),
        ("CMakePresets.json", "{", "this is not a file of CMake presets"),
    ],
)
def test_broken_project_files(ovext: Ovext, custom_relu: Path, file: str, content: str, told: str) -> None:
    (custom_relu / file).write_text(content)
    check(ovext, custom_relu, ExitCode.PROJECT, told)


def test_op_without_description(ovext: Ovext, custom_relu: Path) -> None:
    (custom_relu / "ops" / "custom_relu" / "op.toml").unlink()
    check(ovext, custom_relu, ExitCode.PROJECT, "the op 'custom_relu' has no description", "--isa", "sse42")


def test_path_that_cmake_cannot_use(ovext: Ovext, custom_relu: Path) -> None:
    odd = custom_relu.rename(custom_relu.with_name("semi;colon"))
    check(ovext, odd, ExitCode.PROJECT, "CMake cannot build in a folder with ';' in its path")
    assert not custom_relu.with_name("semi").exists()


def test_all_problems_are_told_at_once(ovext: Ovext, custom_relu: Path) -> None:
    (custom_relu / "ops" / "custom_relu" / "op.toml").write_text("schema = 2\n")
    told = check(ovext, custom_relu, ExitCode.USAGE, "unknown base OS 'beos'", "--base-os", "beos", CXX="g++-99")
    assert "'g++-99' that CXX names was not found" in told
    assert "op.toml:1: schema" in told


def test_modules_in_the_users_folder_do_not_stand_in_for_others(custom_relu: Path) -> None:
    (custom_relu.parent / "statistics.py").write_text("raise SystemExit('not this one')\n")
    (custom_relu.parent / "openvino.py").write_text("raise SystemExit('not this one')\n")
    options = ("--isa", "sse42", "--openvino", "2026.4.1")
    assert start_ovext("build", custom_relu, *options, cwd=custom_relu.parent).returncode == 0


def test_missing_project(ovext: Ovext, tmp_path: Path) -> None:
    check(ovext, tmp_path / "nowhere", ExitCode.PROJECT, "nowhere: there is no such folder")


def test_library_that_openvino_cannot_load_is_not_published(ovext: Ovext, custom_relu: Path) -> None:
    source = custom_relu / "ops" / "custom_relu" / "op.cpp"
    throwing = 'std::vector<ov::Extension::Ptr> extensions() {\n    OPENVINO_THROW("not today");'
    source.write_text(source.read_text().replace("std::vector<ov::Extension::Ptr> extensions() {", throwing))
    check(ovext, custom_relu, ExitCode.LIBRARY, "not today", "--isa", "sse42")
    assert not list(custom_relu.parent.glob("lib/ubuntu/*.so"))


def test_library_that_crashes_on_load_says_how(ovext: Ovext, custom_relu: Path) -> None:
    source = custom_relu / "ops" / "custom_relu" / "op.cpp"
    crashing = "std::vector<ov::Extension::Ptr> extensions() {\n    __builtin_trap();"
    source.write_text(source.read_text().replace("std::vector<ov::Extension::Ptr> extensions() {", crashing))
    check(ovext, custom_relu, ExitCode.LIBRARY, "the process died (killed by SIGILL)", "--isa", "sse42")


def test_op_that_is_described_under_another_type_is_found(ovext: Ovext, tmp_path: Path) -> None:
    project = copy_project(PACKAGES / "two_ops", tmp_path / "two_ops")
    description = project / "ops" / "width" / "op.toml"
    right = description.read_text()
    assert ovext("build", project, "--isa", "sse42", cwd=tmp_path).returncode == 0
    description.write_text(right.replace('"Width"', '"Widht"'))
    told = check(ovext, project, ExitCode.LIBRARY, "it does not provide the op Widht (two_ops)", "--isa", "sse42")
    assert "libtwo_ops_cpu_extension.so" in told


def content_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_failed_build_keeps_the_last_good_library(ovext: Ovext, custom_relu: Path) -> None:
    where = custom_relu.parent
    assert ovext("build", custom_relu, "--isa", "sse42", cwd=where).returncode == 0
    before = content_of(where / "lib" / "ubuntu")
    source = custom_relu / "ops" / "custom_relu" / "op.cpp"
    good = source.read_text()
    source.write_text(good + "#error not yet\n")
    check(ovext, custom_relu, ExitCode.FAILED, "#error not yet", "--isa", "sse42")
    assert content_of(where / "lib" / "ubuntu") == before
    source.write_text(good)
    assert ovext("build", custom_relu, "--isa", "sse42", cwd=where).returncode == 0


def test_output_that_cannot_be_written(ovext: Ovext, custom_relu: Path) -> None:
    (custom_relu.parent / "lib").write_text("a file is in the way")
    check(ovext, custom_relu, ExitCode.FILES, "cannot write here", "--isa", "sse42")


def test_project_that_cannot_be_written(ovext: Ovext, custom_relu: Path) -> None:
    (custom_relu / "build").write_text("a file is in the way")
    check(ovext, custom_relu, ExitCode.FILES, "cannot write here", "--isa", "sse42")


def test_wrong_cpu_features_are_not_what_a_build_needs(ovext: Ovext, built_relu: Built) -> None:
    """OVEXT_ISA in the user's shell does not make a good build fail."""
    where = built_relu.output_dir.parents[1]
    done = ovext("build", built_relu.project, "--output", "other", cwd=where, OVEXT_ISA="nonsense")
    assert done.returncode == 0, done.stderr


def test_a_full_disk_is_told(custom_relu: Path) -> None:
    """In a file system of half a megabyte, which a compiler fills."""
    small = ["bwrap", "--dev-bind", "/", "/", "--size", "500000", "--tmpfs", "/mnt"]
    if shutil.which("bwrap") is None or subprocess.run([*small, "true"], check=False).returncode:
        pytest.skip("bwrap cannot make a file system here")
    script = 'cp -r "$1" /mnt/project && cd /mnt/project && exec "$2" -m ovext build'
    command = [*small, "bash", "-c", script, "bash", str(custom_relu), sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.FILES, done.stderr
    assert "The disk is full: free some space" in done.stderr
