"""`ovext releases`: what the index has, for which releases a project builds, and which are alike for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers import CUSTOM_RELU, copy_project, run_ovext
from ovext.errors import ExitCode
from ovext.toolchain.fetch import cache_dir
from ovext.toolchain.included import included_by

ALIKE = "2026.4.0,2026.4.1"
OLD_ABI = "2025.4.1"
BUILD = "2024.4.1.dev20240926"  # which the package index has
HEADER = """\
namespace ov {
struct Base { virtual ~Base() {} virtual int first() { return 1; } FURTHER };
struct Inner : Base { MEMBERS };
}
"""


def test_a_project_is_built_for_each_release(tmp_path: Path) -> None:
    project = copy_project(CUSTOM_RELU, tmp_path / "custom_relu")
    kernel = next(project.glob("ops/*/kernel.hpp"))
    only_new = "#include <openvino/core/version.hpp>\n#if OPENVINO_VERSION_MAJOR < 2025\n#error too old\n#endif\n"
    kernel.write_text(only_new + kernel.read_text(encoding="utf-8"), encoding="utf-8")
    wanted = ["--openvino", f"{ALIKE},{OLD_ABI},{BUILD}", "--isa", "sse42"]
    done = run_ovext("releases", project, *wanted, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    newest, same, old, broken = json.loads(done.stdout)["releases"]
    assert (newest["release"], newest["builds"], newest["cxx11_abi"], newest["on_index"]) == (
        "2026.4.1",
        True,
        True,
        True,
    )
    assert (same["release"], same["same_abi_as"]) == ("2026.4.0", ["2026.4.1"])
    assert (old["cxx11_abi"], old["same_abi_as"], old["differs_from"]) == (False, [], {"2026.4.0": ["the C++ ABI"]})
    assert (broken["release"], broken["builds"], broken["on_index"]) == (BUILD, False, True)
    assert "too old" in broken["problem"]
    shown = run_ovext("releases", project, *wanted, cwd=tmp_path).stdout
    assert "the same as 2026.4.1\n" in shown
    assert not (tmp_path / "lib").exists()


def test_the_users_files_are_no_modules_of_pip(tmp_path: Path) -> None:
    (tmp_path / "pip.py").write_text("print('Available versions: 2099.1.0')")
    done = run_ovext("releases", "--json", cwd=tmp_path)
    assert "2099.1.0" not in done.stdout


def test_a_source_in_c_and_a_cache_behind_a_link_make_no_difference(tmp_path: Path) -> None:
    project = copy_project(CUSTOM_RELU, tmp_path / "custom_relu")
    (project / "helper.c").write_text("int helper(void) { return 1; }\n")
    with (project / "CMakeLists.txt").open("a", encoding="utf-8") as file:
        file.write("enable_language(C)\nadd_library(helper STATIC helper.c)\n")
    (tmp_path / "link").symlink_to(cache_dir())
    options = ["--openvino", "2026.4.1,2025.4.1", "--isa", "sse42", "--json"]
    done = run_ovext("releases", project, *options, cwd=tmp_path, OVEXT_CACHE_DIR=str(tmp_path / "link"))
    assert done.returncode == 0, done.stderr
    assert [row["builds"] for row in json.loads(done.stdout)["releases"]] == [True, True]


def test_a_wrong_option_is_no_release_that_does_not_build(tmp_path: Path) -> None:
    done = run_ovext("releases", CUSTOM_RELU, "--isa", "foo", cwd=tmp_path)
    assert (done.returncode, "unknown instruction set 'foo'" in done.stderr) == (ExitCode.USAGE, True)


def test_a_listed_release_that_it_does_not_build_for_is_an_error(tmp_path: Path) -> None:
    project = copy_project(CUSTOM_RELU, tmp_path / "custom_relu")
    source = next(project.glob("ops/*/op.cpp"))
    source.write_text("#error never\n", encoding="utf-8")
    done = run_ovext("releases", project, "--openvino", "2026.4.1", cwd=tmp_path)
    assert done.returncode == 1
    assert "#error never" in done.stdout


def test_without_an_index_it_shows_what_is_here(tmp_path: Path) -> None:
    done = run_ovext("releases", "--json", cwd=tmp_path, PIP_NO_INDEX="1", PIP_FIND_LINKS="")
    assert done.returncode == 0, done.stderr
    assert "the package index does not tell" in done.stderr
    assert all(row["on_index"] is None for row in json.loads(done.stdout)["releases"])


@pytest.mark.parametrize(
    ("first", "second", "classes"),
    [
        ({"MEMBERS": "int a;  // one"}, {"MEMBERS": "int a;"}, None),
        ({"MEMBERS": "int a; int b;"}, {"MEMBERS": "int b; int a;"}, set()),
        ({"MEMBERS": "int a;"}, {"MEMBERS": "double a;"}, {"Class ov::Inner"}),
        ({}, {"FURTHER": "virtual int second() { return 2; }"}, {"Vtable for ov::Base", "Vtable for ov::Inner"}),
    ],
)
def test_what_sources_include_of_openvino(
    tmp_path: Path, first: dict[str, str], second: dict[str, str], classes: set[str] | None
) -> None:
    """Comments make no difference; what changes only inside of a class is seen in the header."""
    included = []
    for number, words in enumerate((first, second)):
        openvino, sources = tmp_path / f"openvino{number}", tmp_path / f"sources{number}"
        text = HEADER.replace("MEMBERS", f"{words.get('MEMBERS', '')}\n").replace("FURTHER", words.get("FURTHER", ""))
        for file, content in (
            (openvino / "core.hpp", text),
            (sources / "op.cpp", "#include <core.hpp>\nov::Inner x;\n"),
        ):
            file.parent.mkdir()
            file.write_text(content)
        command = f"ccache /usr/bin/g++ -I{openvino} -o x.o -c {sources / 'op.cpp'}"
        entry = {"file": str(sources / "op.cpp"), "command": command, "directory": str(tmp_path)}
        (sources / "compile_commands.json").write_text(json.dumps([entry]))
        included.append(included_by(sources, sources, Path("/usr/bin/g++"), openvino))
    changed = dict(included[0].classes.items() ^ included[1].classes.items())
    assert (set(changed), included[0].headers != included[1].headers) == (classes or set(), classes is not None)
