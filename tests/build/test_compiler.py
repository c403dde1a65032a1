"""Which compiler is used, and what happens to a build when it changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers import Ovext
from ovext.errors import ExitCode, ToolError
from ovext.toolchain.compiler import BINUTILS, Compiler, check_binutils, check_compiler, find_compiler
from ovext.toolchain.fetch import cache_dir


def program(path: Path, described: str, otherwise: str = 'exec /usr/bin/g++ "$@"') -> Path:
    """A compiler that describes itself so, with its version as the last word; otherwise it is this machine's g++."""
    number = described.rpartition(" ")[2]
    answers = f'--version) echo "{described}" ;; -dumpfullversion | -dumpversion) echo "{number}" ;;'
    path.write_text(f'#!/bin/sh\ncase "$1" in {answers} *) {otherwise} ;; esac\n')
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("described", "found"),
    [
        ("g++ (crosstool-NG 1.26.0) 13.2.0", ("GNU", "13.2.0")),
        ("g++ (Buildroot 2021.11) 12.1.0", ("GNU", "12.1.0")),
        ("Ubuntu clang version 18.1.3", ("Clang", "18.1.3")),
        ("clang version 22.0.0git", ("Clang", "22.0.0")),
    ],
)
def test_the_version_is_not_the_first_number_of_a_vendor(
    tmp_path: Path, described: str, found: tuple[str, str]
) -> None:
    compiler = check_compiler(program(tmp_path / "compiler", described), "a test")
    assert (compiler.id, compiler.version) == found


@pytest.mark.parametrize("described", ["g++ (Buildroot 2021.11) 9.3.0", "g++ (GCC) ", "no compiler"])
def test_what_is_no_compiler_or_too_old_is_refused(tmp_path: Path, described: str) -> None:
    with pytest.raises(ToolError, match=r"ovext needs 11\.0|does not answer as a C\+\+ compiler does"):
        check_compiler(program(tmp_path / "compiler", described), "a test")


def test_cxx_may_be_relative_and_may_name_a_launcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = program(tmp_path / "my-g++", "g++ (GCC) 13.1.0")
    launcher = program(tmp_path / "launcher", "")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CXX", "./launcher ./my-g++")
    found = find_compiler()
    assert (found.path, found.launcher, found.version) == (compiler, launcher, "13.1.0")


def test_compiler_that_is_too_old_does_not_hide_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "g++", "g++ (GCC) 9.4.0")
    newer = program(tmp_path / "clang++", "Debian clang version 16.0.6")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_compiler().path == newer
    newer.unlink()
    with pytest.raises(ToolError, match=r"is GNU 9\.4\.0; ovext needs 11\.0 or newer"):
        find_compiler()


def test_compiler_that_hangs_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = tmp_path / "g++"
    hanging.write_text("#!/bin/sh\nexec sleep 1000\n")
    hanging.chmod(0o755)
    monkeypatch.setenv("CXX", str(hanging))
    monkeypatch.setattr("ovext.toolchain.compiler.ANSWER_SECONDS", 0.2)
    with pytest.raises(ToolError, match="took longer than"):
        find_compiler()


def test_missing_binutils_are_told_with_their_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ovext: Ovext, custom_relu: Path
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    compiler = program(folder / "clang++", "clang version 16.0.6", 'echo "${1#*=}"')
    monkeypatch.setenv("PATH", str(folder))
    for tool in BINUTILS:
        with pytest.raises(ToolError, match=rf"{tool} of GNU binutils was not found[\s\S]*package binutils"):
            check_binutils(Compiler(compiler, "Clang", "16.0.6"))
        program(folder / tool, "GNU")
    check_binutils(Compiler(compiler, "Clang", "16.0.6"))

    (folder / "ld.bfd").unlink()
    done = ovext("build", custom_relu, CXX=str(compiler), PATH=str(folder))
    assert done.returncode == ExitCode.TOOL
    assert "Install the package binutils" in done.stderr
    assert "binutils" in ovext("doctor", CXX=str(compiler), PATH=str(folder)).stdout


def test_another_compiler_under_the_same_path_builds_anew(ovext: Ovext, custom_relu: Path, tmp_path: Path) -> None:
    compiler = program(tmp_path / "g++", "g++ (GCC) 12.1.0")
    build = ("build", "--isa", "sse42")
    assert ovext(*build, cwd=custom_relu, CXX=str(compiler)).returncode == 0
    assert "Configuring" not in ovext(*build, cwd=custom_relu, CXX=str(compiler)).stderr
    program(compiler, "g++ (GCC) 12.3.0")
    assert "Configuring" in ovext(*build, cwd=custom_relu, CXX=str(compiler)).stderr


def test_relative_cache_folder_is_that_of_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OVEXT_CACHE_DIR", "cache")
    assert cache_dir() == tmp_path / "cache"
