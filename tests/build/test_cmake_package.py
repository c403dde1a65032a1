"""The CMake package on its own: names, links, presets, wrong calls, and a new row in the table."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ovext.resources import cmake_dir
from ovext.targets.isa import isa_table
from ovext.toolchain.cmake import find_build_tools

if TYPE_CHECKING:
    from helpers import CMake

ROOT = Path(__file__).resolve().parents[2]
CUSTOM_RELU = ROOT / "extension_src" / "custom_relu"


def library_name(build: Path) -> str:
    report = json.loads((build / "ovext" / "report" / "custom_relu.json").read_text())
    return Path(report["file"]).name


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ("ENABLE_SSE42=ON OVEXT_LEGACY_NAME=ON", "libcpu_extension_sse4.so"),
        ("ENABLE_AVX2=ON OVEXT_LEGACY_NAME=ON", "libcpu_extension_avx2.so"),
        ("ENABLE_AVX512F=ON OVEXT_LEGACY_NAME=ON", "libcpu_extension_avx512.so"),
        ("OVEXT_ISA=multi OVEXT_LEGACY_NAME=ON", "libcpu_extension.so"),
        ("ENABLE_AVX2=ON", "libcustom_relu_cpu_extension.so"),
    ],
)
def test_library_has_the_asked_name(configure: CMake, tmp_path: Path, settings: str, name: str) -> None:
    done = configure(CUSTOM_RELU, tmp_path, *(f"-D{setting}" for setting in settings.split()))
    assert done.returncode == 0, done.stderr
    assert library_name(tmp_path) == name


@pytest.mark.parametrize("preset", ["multi", *isa_table(), "native", "debug", "coverage"])
def test_presets_build_without_the_builder(custom_relu: Path, preset: str) -> None:
    tools = find_build_tools()
    ninja = f"-DCMAKE_MAKE_PROGRAM={tools.ninja}"
    command = [str(tools.cmake), "--preset", preset, ninja, f"-Dovext_DIR={cmake_dir()}"]
    subprocess.run(command, cwd=custom_relu, check=True, capture_output=True)
    built = subprocess.run(
        [str(tools.cmake), "--build", "--preset", preset], cwd=custom_relu, check=False, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stdout
    assert (custom_relu / "build" / preset / "libcustom_relu_cpu_extension.so").is_file()


def test_presets_of_the_repository_need_no_setting() -> None:
    presets = json.loads((CUSTOM_RELU / "CMakePresets.json").read_text())["configurePresets"]
    relative = presets[0]["cacheVariables"]["ovext_DIR"].replace("${sourceDir}", str(CUSTOM_RELU))
    assert Path(relative).resolve() == cmake_dir()


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("ovext_add_extension(x)", "OPS must name folders below ops/, or SOURCES the files"),
        ("ovext_add_extension(x OPS a LINK static)", "LINK is needed or host, not 'static'"),
        ("ovext_add_extension(x y OPS a)", "unexpected 'y'"),
        ("ovext_add_extension(x OPS a)", "ops/a/op.cpp does not exist"),
        ("ovext_add_extension(x OPS my-op)", "the folder 'my-op' cannot be the name of a C++ namespace"),
    ],
)
def test_wrong_calls_stop_cmake(configure: CMake, tmp_path: Path, call: str, told: str) -> None:
    source = tmp_path / "source"
    source.mkdir()
    head = "cmake_minimum_required(VERSION 3.26)\nproject(x LANGUAGES CXX)\nfind_package(ovext REQUIRED)\n"
    (source / "CMakeLists.txt").write_text(head + call)
    done = configure(source, tmp_path / "build", "-DOVEXT_ISA=sse42")
    assert done.returncode != 0
    assert told in re.sub(r"\s+", " ", done.stderr)


def test_package_may_be_found_in_several_folders_of_one_project(
    configure: CMake, tmp_path: Path, custom_relu: Path
) -> None:
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.26)\nproject(both LANGUAGES CXX)\n"
        "add_subdirectory(custom_relu)\nadd_subdirectory(two_ops)\n"
    )
    shutil.copytree(ROOT / "tests" / "packages" / "two_ops", tmp_path / "two_ops")
    assert custom_relu.parent == tmp_path
    done = configure(tmp_path, tmp_path / "build", "-DOVEXT_ISA=avx2")
    assert done.returncode == 0, done.stderr
    reports = {path.stem for path in (tmp_path / "build" / "ovext" / "report").glob("*.json")}
    assert reports == {"custom_relu", "two_ops", "for_server"}


def test_a_new_row_of_the_table_is_all_that_a_new_variant_takes(tmp_path: Path, custom_relu: Path) -> None:
    """The row `avx` is only in a copy of isa.json: in no code, no preset and no list."""
    package = tmp_path / "cmake"
    shutil.copytree(cmake_dir(), package)
    table = json.loads((package / "isa.json").read_text())
    features = [*table["variants"][0]["features"], "avx"]
    row = {"id": "avx", "option": "ENABLE_AVX", "legacy_suffix": "avx", "flags": ["-mavx"], "features": features}
    table["variants"].insert(1, row)
    (package / "isa.json").write_text(json.dumps(table))

    tools = find_build_tools()
    settings = [f"-Dovext_DIR={package}", "-DENABLE_AVX=ON", "-DOVEXT_LEGACY_NAME=ON"]
    command = [str(tools.cmake), "-S", str(custom_relu), "-B", str(tmp_path / "build"), "-G", "Ninja", *settings]
    subprocess.run([*command, f"-DCMAKE_MAKE_PROGRAM={tools.ninja}"], check=True, capture_output=True)
    subprocess.run([str(tools.cmake), "--build", str(tmp_path / "build")], check=True, capture_output=True)
    assert (tmp_path / "build" / "libcpu_extension_avx.so").is_file()
