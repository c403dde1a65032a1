"""Libraries of others that an op links: copies of them go where the extension goes, and are found there."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bills import checked_bill
from helpers import CUSTOM_RELU, Ovext, copy_project
from ovext.errors import ExitCode
from ovext.inspect.elf import Elf
from ovext.inspect.needed import run_path
from ovext.toolchain.cmake import find_build_tools
from ovext.toolchain.link_command import link_command
from wheels import INFER, Site

LIBRARY = "libcustom_relu_cpu_extension.so"
# It is called as the library is loaded.
CALL = """
#include <stdexcept>
extern "C" int company_level();
static const bool company_is_there = company_level() == 2 || (throw std::runtime_error("another library"), 0);
"""
INNER = 'extern "C" int company_inner() { return 1; }'
OUTER = 'extern "C" int company_inner(); extern "C" int company_level() { return company_inner() + 1; }'
# Infers in a core, and prints [-1.0, 0.0, 3.0].
LOAD = """
import sys, numpy, openvino
from wheels import MODEL
core = openvino.Core()
core.add_extension(sys.argv[1])
compiled = core.compile_model(core.read_model(MODEL.encode(), b""), "CPU")
print(compiled(numpy.array([-2, 0, 3], numpy.float32))[0].tolist())
"""


@dataclass(frozen=True)
class Linked:
    """CustomReLU, linked with a company's library that needs another one."""

    project: Path
    vendor: Path

    def lib(self, name: str, source: str, *options: str) -> None:
        command = ["/usr/bin/g++", "-shared", "-fPIC", "-x", "c++", "-", "-o", str(self.vendor / name)]
        subprocess.run([*command, f"-Wl,-soname,{name}", *options], input=source, text=True, check=True)

    def gone(self) -> None:
        for file in self.vendor.iterdir():
            file.unlink()

    def bundled(self, output: str = "lib") -> dict[str, dict[str, Any]]:
        """The copies beside the library by the names of the originals, as the manifest and the files say."""
        folder = self.project / output / "ubuntu"
        (record,) = json.loads((folder / "manifest.json").read_text())["libraries"]
        for one in record["bundled"]:
            assert one["sha256"] == hashlib.sha256((folder / one["file"]).read_bytes()).hexdigest()
        return {one["library"]: one for one in record["bundled"]}


@pytest.fixture
def linked(tmp_path: Path) -> Linked:
    made = Linked(copy_project(CUSTOM_RELU, tmp_path / "custom_relu"), tmp_path / "vendor")
    made.vendor.mkdir()
    made.lib("libcompanyinner.so.3", INNER)
    made.lib("libcompany.so.1", OUTER, f"-L{made.vendor}", "-l:libcompanyinner.so.3")
    (made.vendor / "libcompany.so").symlink_to("libcompany.so.1")
    with (made.project / "CMakeLists.txt").open("a", encoding="utf-8") as file:
        file.write(f"target_link_directories(custom_relu PRIVATE {made.vendor})\n")
        file.write("target_link_libraries(custom_relu PRIVATE company)\n")
    with (made.project / "ops/custom_relu/op.cpp").open("a", encoding="utf-8") as file:
        file.write(CALL)
    return made


def infers(library: Path) -> str:
    command = [sys.executable, "-c", LOAD, str(library)]
    tests = Path(__file__).parents[1]
    return subprocess.run(command, cwd=tests, capture_output=True, text=True, check=True).stdout.splitlines()[-1]


def test_without_bundling_the_option_is_named(linked: Linked, ovext: Ovext) -> None:
    done = ovext("build", "--isa", "avx2", cwd=linked.project)
    assert done.returncode == ExitCode.FAILED
    assert "needs libcompany.so.1, which nothing brings on ubuntu24" in done.stderr
    assert "as `ovext build --bundle` does" in done.stderr


def test_copies_lie_beside_the_library_and_are_found_there(linked: Linked, ovext: Ovext) -> None:
    built = ovext("build", "--isa", "avx2", "--bundle", cwd=linked.project)
    assert built.returncode == 0, built.stderr
    copies = linked.bundled()
    assert set(copies) == {"libcompany.so.1", "libcompanyinner.so.3"}
    assert re.fullmatch(r"libcompany-[0-9a-f]{8}\.so\.1", copies["libcompany.so.1"]["file"])
    folder = linked.project / "lib/ubuntu"
    texts = [(folder / name).read_text() for name in ("custom_relu.cdx.json", "manifest.json")]
    bill = checked_bill(texts[0], (folder / LIBRARY).read_bytes(), texts[1])
    hashes = {one["bom-ref"]: one["hashes"][0]["content"] for one in bill["components"] if "hashes" in one}
    assert hashes == {one["file"]: one["sha256"] for one in copies.values()}
    outer, inner = (copies[name]["file"] for name in ("libcompany.so.1", "libcompanyinner.so.3"))
    depends = {one["ref"]: set(one.get("dependsOn", ())) for one in bill["dependencies"]}
    assert (inner in depends[outer], outer in depends[LIBRARY], inner in depends[LIBRARY]) == (True, True, False)
    assert "up to date" in ovext("build", "--isa", "avx2", "--bundle", cwd=linked.project).stdout
    (folder / copies["libcompany.so.1"]["file"]).unlink()
    assert "up to date" not in ovext("build", "--isa", "avx2", "--bundle", cwd=linked.project).stdout
    linked.gone()
    assert infers(folder / LIBRARY) == "[-1.0, 0.0, 3.0]"


def test_a_file_may_have_another_name_than_the_library(linked: Linked, ovext: Ovext) -> None:
    """The loader knows it by its soname, for which there is no file."""
    (linked.vendor / "libcompany.so").unlink()
    (linked.vendor / "libcompany.so.1").rename(linked.vendor / "libcompany.so")
    lists = linked.project / "CMakeLists.txt"
    lists.write_text(lists.read_text().replace("PRIVATE company)", f"PRIVATE {linked.vendor}/libcompany.so)"))
    built = ovext("build", "--isa", "avx2", "--bundle", cwd=linked.project)
    assert built.returncode == 0, built.stderr
    linked.gone()
    assert infers(linked.project / "lib/ubuntu" / LIBRARY) == "[-1.0, 0.0, 3.0]"


def test_a_library_of_others_finds_its_own_by_its_run_path(linked: Linked, ovext: Ovext) -> None:
    inner = linked.vendor / "deep/inside/libcompanyinner.so.3"
    inner.parent.mkdir(parents=True)
    (linked.vendor / inner.name).rename(inner)
    linked.lib("libcompany.so.1", OUTER, f"-L{inner.parent}", f"-l:{inner.name}", "-Wl,-rpath,$ORIGIN/deep/inside")
    with (linked.project / "CMakeLists.txt").open("a", encoding="utf-8") as file:
        file.write("target_link_options(custom_relu PRIVATE LINKER:--allow-shlib-undefined)\n")
    built = ovext("build", "--isa", "avx2", "--bundle", cwd=linked.project)
    assert built.returncode == 0, built.stderr
    assert set(linked.bundled()) == {"libcompany.so.1", "libcompanyinner.so.3"}


def test_a_copys_name_tells_what_it_needs(linked: Linked, ovext: Ovext) -> None:
    """Else a process that has loaded one would give it to the package that has the other."""
    names = []
    for inner in (INNER, INNER.replace("return 1", "volatile int one = 1; return one")):
        linked.lib("libcompanyinner.so.3", inner)
        assert ovext("build", "--isa", "avx2", "--bundle", cwd=linked.project).returncode == 0
        names.append(linked.bundled()["libcompany.so.1"]["file"])
    assert names[0] != names[1]
    assert not (linked.project / "lib/ubuntu" / names[0]).exists()


def test_a_library_of_others_gets_its_own_before_another_of_that_name(linked: Linked, ovext: Ovext) -> None:
    """As the loader does: its run path counts first."""
    other = linked.vendor / "first"
    other.mkdir()
    made = replace(linked, vendor=other)
    made.lib("libcompanyinner.so.3", INNER.replace("return 1", "return 5"))
    made.lib("libunrelated.so", 'extern "C" int unrelated() { return 0; }')
    linked.lib("libcompany.so.1", OUTER, f"-L{linked.vendor}", "-l:libcompanyinner.so.3", "-Wl,-rpath,$ORIGIN")
    lists = linked.project / "CMakeLists.txt"
    first = f"LINKER:--no-as-needed {other}/libunrelated.so LINKER:--as-needed company)"
    lists.write_text(lists.read_text().replace("PRIVATE company)", f"PRIVATE {first}"))
    built = ovext("build", "--isa", "avx2", "--bundle", cwd=linked.project)
    assert built.returncode == 0, built.stderr
    assert set(linked.bundled()) == {"libcompany.so.1", "libcompanyinner.so.3", "libunrelated.so"}


def test_a_copy_keeps_no_run_path_of_this_machine(linked: Linked, ovext: Ovext) -> None:
    linked.lib("libcompanyinner.so.3", INNER, "-Wl,-rpath,/home/me/lib")
    assert ovext("build", "--isa", "avx2", "--bundle", cwd=linked.project).returncode == 0
    folder = linked.project / "lib/ubuntu"
    for one in linked.bundled().values():
        assert b"/home/me" not in (folder / one["file"]).read_bytes() or run_path(Elf(folder / one["file"])) == []
        assert run_path(Elf(folder / one["file"])) in ([], ["$ORIGIN"])


@pytest.mark.parametrize("layout", ["file", "folder"])
def test_builds_for_several_releases_find_them(linked: Linked, ovext: Ovext, layout: str) -> None:
    """Also those in memory, whose run path leads nowhere."""
    with_setting(linked.project, "bundle = true")
    releases = ["--openvino", "2026.4.1,2026.2.1", "--layout", layout]
    built = ovext("build", "--isa", "avx2", *releases, cwd=linked.project)
    assert built.returncode == 0, built.stderr
    assert set(linked.bundled()) == {"libcompany.so.1", "libcompanyinner.so.3"}
    folder = linked.project / "lib/ubuntu"
    checked_bill(
        (folder / "custom_relu.cdx.json").read_text(),
        (folder / LIBRARY).read_bytes(),
        (folder / "manifest.json").read_text(),
    )
    (record,) = json.loads((folder / "manifest.json").read_text())["libraries"]
    assert "libtbb.so.12" in record["inspection"]["needs"], "the builds need it"
    linked.gone()
    library = linked.project / "lib/ubuntu" / LIBRARY
    assert infers(library) == "[-1.0, 0.0, 3.0]"
    inspected = ovext("inspect", library)
    assert (inspected.returncode, "[not-compared]" in inspected.stdout) == (0, False), inspected.stdout


def test_a_wheel_holds_them(linked: Linked, ovext: Ovext, site: Site) -> None:
    done = ovext("wheel", "--isa", "avx2", "--check-reproducible", "--json", cwd=linked.project)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    names = {one["file"] for record in told["libraries"] for one in record["bundled"]}
    assert {f"custom_relu/{name}" for name in names} < set(told["members"])
    site.install(Path(told["file"]))
    linked.gone()
    ran = site.python(INFER)
    assert ran.stdout.endswith("[-1.0, 0.0, 3.0]\n"), ran.stderr
    lost = site.folder / "custom_relu" / min(names)
    lost.unlink()
    assert f"RuntimeError: {lost} is missing: install custom-relu again" in site.python(INFER).stderr


def test_a_build_with_a_sanitizer_has_them_too(linked: Linked, ovext: Ovext) -> None:
    with_setting(linked.project, "bundle = true")
    options = ["--sanitize", "undefined", "--isa", "sse42", "--types", "f32"]
    done = ovext("test", *options, "--check", "numbers", cwd=linked.project)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_the_image_brings_is_left_out(linked: Linked, ovext: Ovext) -> None:
    with_setting(linked.project, 'provides = ["libcompany.so.1"]')
    here = {"LD_LIBRARY_PATH": str(linked.vendor)}
    built = ovext("build", "--isa", "avx2", "--bundle", cwd=linked.project, **here)
    assert built.returncode == 0, built.stderr
    assert linked.bundled() == {}
    manifest = json.loads((linked.project / "lib/ubuntu/manifest.json").read_text())
    assert manifest["libraries"][0]["inspection"]["needs"]["libcompany.so.1"] == "the image"


def test_a_copy_for_other_cpus_is_rejected(linked: Linked, ovext: Ovext) -> None:
    wide = 'extern "C" int company_inner() { __asm__ volatile("vpaddd %ymm0, %ymm0, %ymm0"); return 1; }'
    linked.lib("libcompanyinner.so.3", wide)
    done = ovext("build", "--isa", "avx2", "--bundle", cwd=linked.project)
    assert done.returncode == ExitCode.FAILED
    assert "which it needs: " in done.stderr
    assert "AVX2" in done.stderr
    assert not (linked.project / "lib/ubuntu" / LIBRARY).exists()


def test_a_library_that_is_not_here_is_named(linked: Linked, ovext: Ovext) -> None:
    (linked.vendor / "libcompanyinner.so.3").unlink()
    with (linked.project / "CMakeLists.txt").open("a", encoding="utf-8") as file:
        file.write("target_link_options(custom_relu PRIVATE LINKER:--allow-shlib-undefined)\n")
    done = ovext("build", "--isa", "avx2", "--bundle", cwd=linked.project)
    assert done.returncode == ExitCode.FAILED
    assert "libcompany.so.1 needs libcompanyinner.so.3, which is not found on this machine" in done.stderr
    assert not (linked.project / "lib/ubuntu" / LIBRARY).exists()


def with_setting(project: Path, line: str) -> None:
    file = project / "pyproject.toml"
    file.write_text(file.read_text().replace("[tool.ovext]\n", f"[tool.ovext]\n{line}\n"))


@pytest.mark.parametrize("generator", ["Ninja", "Unix Makefiles"])
def test_files_and_folders_are_those_of_the_link_command(linked: Linked, tmp_path: Path, generator: str) -> None:
    source, build, tools = tmp_path / "a program", tmp_path / "build here", find_build_tools()
    source.mkdir()
    (source / "a.cpp").write_text("int a() { return 0; }")
    (source / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.26)\nproject(a LANGUAGES CXX)\nadd_library(a MODULE a.cpp)\n"
        f"target_link_libraries(a PRIVATE {linked.vendor}/libcompany.so)\n"
        f"target_link_directories(a PRIVATE {linked.vendor}/elsewhere)\n"
    )
    command = [tools.cmake, "-S", source, "-B", build, "-G", generator]
    if generator == "Ninja":
        command.append(f"-DCMAKE_MAKE_PROGRAM={tools.ninja}")
    subprocess.run([str(word) for word in command], check=True, capture_output=True)
    found = link_command(build, build / "liba.so", "a", tools.ninja)
    assert [file for file in found.files if file.parent == linked.vendor] == [linked.vendor / "libcompany.so"]
    assert found.folders == (linked.vendor / "elsewhere",)
