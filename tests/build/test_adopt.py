"""`ovext adopt`: makes projects from existing sources."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers import PACKAGES
from ovext.errors import ExitCode

if TYPE_CHECKING:
    from helpers import Ovext

SOURCES = PACKAGES / "existing" / "src"
LISTS = """\
cmake_minimum_required(VERSION 3.26)
project(old LANGUAGES CXX)
find_package(OpenVINO REQUIRED COMPONENTS Runtime)
file(GLOB sources "src/*.cpp")
add_library(old_ops SHARED ${sources})
target_link_libraries(old_ops PRIVATE openvino::runtime z)
target_include_directories(old_ops PRIVATE headers)
target_compile_definitions(old_ops PRIVATE OF_OLD=1 "SPACED=1 + 1")
target_compile_options(old_ops PRIVATE -funroll-loops)
target_compile_features(old_ops PRIVATE cxx_std_20)
"""


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Sources with their headers in a separate folder."""
    folder = tmp_path / "old ops"
    shutil.copytree(SOURCES, folder / "src")
    (folder / "headers").mkdir()
    for header in (folder / "src").glob("*.hpp"):
        header.rename(folder / "headers" / header.name)
    return folder


def test_folder_of_sources_becomes_a_project_that_builds(ovext: Ovext, sources: Path, tmp_path: Path) -> None:
    (sources / "src" / "try.cpp").write_text("int main() {\n}\n")
    before = {file: file.read_bytes() for file in sources.rglob("*") if file.is_file()}
    shown = ovext("adopt", sources, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "Nothing was written" in shown.stderr
    assert {file: file.read_bytes() for file in sources.rglob("*") if file.is_file()} == before

    done = ovext("adopt", sources, "--yes", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "src/try.cpp is left out: it is a program of its own." in done.stderr
    lists = (sources / "CMakeLists.txt").read_text()
    assert lists in done.stderr.replace("\n    ", "\n").replace("    cmake_min", "cmake_min")
    assert lists.splitlines()[3:] == [
        "ovext_add_extension(old_ops SOURCES src/extension.cpp src/ordered.cpp src/width.cpp)",
        "target_include_directories(old_ops PRIVATE headers)",
    ]
    built = ovext("build", sources, "--isa", "avx2", cwd=tmp_path)
    assert built.returncode == 0, built.stderr
    assert "ops       Ordered (existing), Width (existing)" in built.stdout


def test_library_of_cmake_becomes_a_project_that_builds(ovext: Ovext, sources: Path, tmp_path: Path) -> None:
    """CMake says what it is made of; the author decides about the other libraries that it links."""
    (sources / "CMakeLists.txt").write_text(LISTS)
    done = ovext("adopt", sources / "CMakeLists.txt", "--yes", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (sources / "CMakeLists.txt").read_text() == LISTS
    project = sources / "ovext"
    lists = (project / "CMakeLists.txt").read_text()
    assert lists.startswith("cmake_minimum_required(VERSION 3.26)\nproject(old_ops LANGUAGES CXX)")
    assert "SOURCES ../src/extension.cpp ../src/ordered.cpp ../src/width.cpp)" in lists
    assert "target_include_directories(old_ops PRIVATE ../headers)" in lists
    assert 'target_compile_definitions(old_ops PRIVATE OF_OLD=1 "SPACED=1 + 1")' in lists
    assert "target_compile_options(old_ops PRIVATE -funroll-loops)" in lists
    assert "cxx_std_20" in lists
    assert "It links -lz: add or find its target" in done.stderr
    assert "The sources are outside ovext/" in done.stderr
    built = ovext("build", project, "--isa", "avx2", cwd=tmp_path)
    assert built.returncode == 0, built.stderr


def test_files_that_are_there_are_never_replaced(ovext: Ovext, sources: Path, tmp_path: Path) -> None:
    (sources / "pyproject.toml").write_text("mine\n")
    done = ovext("adopt", sources, "--yes", cwd=tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert "files are there already, and are not replaced: pyproject.toml" in done.stderr
    assert (sources / "pyproject.toml").read_text() == "mine\n"
    assert not (sources / "CMakeLists.txt").exists()


WRONG = {
    "no such folder": ({}, "gone", ExitCode.USAGE, "is neither a folder nor a CMakeLists.txt"),
    "no entry point": ({"a.cpp": "int x;\n"}, "", ExitCode.PROJECT, "no C++ file here has the entry point"),
    "nothing at all": ({"a.txt": ""}, "", ExitCode.PROJECT, "no C++ file here has the entry point"),
    "two entry points": (
        dict.fromkeys(("a.cpp", "b.cpp"), "OPENVINO_CREATE_EXTENSIONS({});\n"),
        "",
        ExitCode.PROJECT,
        "several of its files have an entry point",
    ),
    "an old entry point": (
        {"a.cpp": "StatusCode CreateExtension(IExtension*& ext);\n"},
        "",
        ExitCode.PROJECT,
        "for OpenVINO before 2022.1",
    ),
    "broken CMake": ({"CMakeLists.txt": "oops(\n"}, "CMakeLists.txt", ExitCode.PROJECT, "CMake cannot configure it"),
    "no library": (
        {"CMakeLists.txt": "cmake_minimum_required(VERSION 3.26)\nproject(x NONE)\n"},
        "CMakeLists.txt",
        ExitCode.PROJECT,
        "none of its shared libraries has the entry point",
    ),
    "a generated source": (
        {
            "CMakeLists.txt": "cmake_minimum_required(VERSION 3.26)\nproject(x CXX)\n"
            'file(WRITE "${CMAKE_BINARY_DIR}/g.cpp" "OPENVINO_CREATE_EXTENSIONS({});")\n'
            'add_library(x SHARED "${CMAKE_BINARY_DIR}/g.cpp")\n'
        },
        "CMakeLists.txt",
        ExitCode.PROJECT,
        "its build writes g.cpp before it compiles",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_extension_is_told(ovext: Ovext, tmp_path: Path, name: str) -> None:
    files, given, code, told = WRONG[name]
    for file, text in files.items():
        (tmp_path / file).write_text(text)
    done = ovext("adopt", tmp_path / given, "--yes", "--name", "old", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_that_is_no_text_is_told(ovext: Ovext, tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.cpp")).write_text("")
    done = ovext("adopt", tmp_path, "--yes", "--name", "old", cwd=tmp_path)
    assert done.returncode == ExitCode.PROJECT
    assert "a file has a name that is no text" in done.stderr


def test_what_it_cannot_decide_is_said(ovext: Ovext, tmp_path: Path) -> None:
    (tmp_path / "a.cpp").write_text(
        f"#include <not/here.hpp>\n#include <{'x' * 300}.hpp>\n#ifdef __cplusplus\n#endif\n#ifdef with_a\n#endif\n"
        "void create_extensions(int);\nOPENVINO_CREATE_EXTENSIONS({});\n"
    )
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "b.cpp").write_text("")
    done = ovext("adopt", tmp_path, "--name", "old", cwd=tmp_path)
    assert "a.cpp includes <not/here.hpp>, which is not here: link the library that brings it" in done.stderr
    assert "a.cpp registers some of its ops only where with_a are defined" in done.stderr
    assert "tests/ is left out with its C++ files" in done.stderr
