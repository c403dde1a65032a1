"""The commands that run models, and `ovext.load`."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import numpy as np
import openvino as ov
import pytest

import ovext as ovext_package
from ovext.errors import ExitCode, LibraryError
from ovext.models.ir import TensorType, one_op_model
from ovext.targets.isa import isa_table

if TYPE_CHECKING:
    from pathlib import Path

    from helpers import Built, Ovext


@pytest.fixture(scope="module")
def demo(built_relu: Built, ovext: Ovext, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the demo's models and its result, result.json."""
    folder = tmp_path_factory.mktemp("demo")
    done = ovext("demo", "--library", built_relu.library, "--output", folder, "--runs", "2", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    (folder / "result.json").write_text(done.stdout)
    return folder


def test_demo_agrees_exactly(demo: Path) -> None:
    result = json.loads((demo / "result.json").read_text())
    assert result["identical"] is True
    assert result["max_difference"] == 0
    assert 1 < result["largest_output"] < 1e4  # numbers that could differ: not zeros, infinities or a softmax's ones
    assert "Running Relu custom kernel" in result["output"]


def test_demo_model_is_resnet50(demo: Path) -> None:
    model = ov.Core().read_model(demo / "resnet50.xml")
    types = [node.get_type_name() for node in model.get_ops()]
    assert types.count("Convolution") == 53
    assert types.count("Relu") == 49
    weights = sum(int(np.prod(node.shape)) for node in model.get_ops() if node.get_type_name() == "Constant")
    assert 25e6 < weights < 26e6


def test_result_of_the_sed_of_the_servers_guide_loads(demo: Path, built_relu: Built) -> None:
    """sed '0,/ReLU/s//CustomReLU/' replaces the first ReLU in the file, wherever it is."""
    text = (demo / "resnet50.xml").read_text()
    (demo / "sed.xml").write_text(text.replace("ReLU", "CustomReLU", 1))
    os.link(demo / "resnet50.bin", demo / "sed.bin")
    assert (demo / "sed.xml").read_bytes() == (demo / "resnet50-custom-relu.xml").read_bytes()
    core = ov.Core()
    core.add_extension(str(built_relu.library))
    model = core.read_model(demo / "sed.xml")
    custom = [node for node in model.get_ops() if node.get_type_name() == "CustomReLU"]
    assert [node.get_type_info().version_id for node in custom] == ["opset1"]
    assert core.compile_model(model, "CPU")(np.zeros((1, 3, 224, 224), np.float32))[0].shape == (1, 1000)


def test_demo_without_a_library_says_what_to_do(ovext: Ovext, tmp_path: Path) -> None:
    done = ovext("demo", cwd=tmp_path)
    assert done.returncode == ExitCode.LIBRARY
    assert "no extension library was found" in done.stderr
    assert "ovext build" in done.stderr


def test_isa_shows_detected_compiled_and_chosen(ovext: Ovext, built_relu: Built) -> None:
    forced = json.loads(ovext("isa", "--library", built_relu.library, "--json", OVEXT_ISA="sse42").stdout)
    assert forced["compiled"] == list(isa_table())
    assert forced["chosen"] == "sse42"
    free = json.loads(ovext("isa", "--library", built_relu.library, "--json").stdout)
    assert free["chosen"] == free["detected"][-1]


def test_isa_works_before_anything_is_built(ovext: Ovext, tmp_path: Path) -> None:
    done = ovext("isa", cwd=tmp_path)
    assert done.returncode == 0
    assert "no library was built here yet" in done.stdout


def test_isa_with_an_impossible_choice_fails(ovext: Ovext, built_relu: Built) -> None:
    done = ovext("isa", "--library", built_relu.library, OVEXT_ISA="avx9")
    assert done.returncode == ExitCode.LIBRARY
    assert "OVEXT_ISA=avx9 is not an instruction set" in done.stderr


@pytest.mark.parametrize("content", [b"", b"text", b"\x7fELF", b"\x7fELF\x02\x01\x01" + bytes(57)])
def test_isa_of_a_file_that_is_no_library(ovext: Ovext, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.so").write_bytes(content)
    done = ovext("isa", "--library", tmp_path / "x.so")
    assert done.returncode == ExitCode.USAGE
    assert "x.so: " in done.stderr
    assert "Traceback" not in done.stderr


def test_env_shows_what_a_build_would_use(ovext: Ovext, custom_relu: Path) -> None:
    found = json.loads(ovext("env", custom_relu, "--json").stdout)["found"]
    assert found["openvino"] == "2026.4.1"
    assert found["C++ ABI"] == "_GLIBCXX_USE_CXX11_ABI=1"
    assert found["compiler"].startswith("GNU ")


def test_isa_with_a_library_that_is_not_there_fails(ovext: Ovext, tmp_path: Path) -> None:
    done = ovext("isa", cwd=tmp_path, CPU_EXTENSION="nowhere.so")
    assert done.returncode == ExitCode.LIBRARY
    assert "CPU_EXTENSION names it" in done.stderr


def test_isa_of_a_library_for_servers(ovext: Ovext, built_two_ops: Built) -> None:
    server = built_two_ops.library.with_name("libfor_server_cpu_extension.so")
    assert json.loads(ovext("isa", "--library", server, "--json", OVEXT_ISA="sse42").stdout)["chosen"] == "sse42"


def test_env_of_a_folder_that_is_not_there(ovext: Ovext, tmp_path: Path) -> None:
    assert ovext("env", tmp_path / "nowhere").returncode == ExitCode.PROJECT


def test_env_tells_all_that_is_missing(ovext: Ovext, tmp_path: Path) -> None:
    done = ovext("env", cwd=tmp_path, PATH=str(tmp_path), OpenVINO_DIR=str(tmp_path / "none"))
    assert done.returncode == ExitCode.TOOL
    assert "no C++ compiler was found" in done.stderr
    assert "OpenVINO_DIR names" in done.stderr


def test_bench_measures_variants_and_baselines(ovext: Ovext, built_relu: Built, tmp_path: Path) -> None:
    bench = built_relu.project / "bench" / "bench.toml"
    small = bench.read_text().replace("[8, 64, 224, 224]", "[1, 8, 7, 7]").replace("[1, 64, 224, 224]", "[10]")
    bench.write_text(small)
    table = tmp_path / "table.json"
    done = ovext("bench", built_relu.project, "--library", built_relu.library, "--output", table)
    assert done.returncode == 0, done.stderr
    [result] = json.loads(table.read_text())["results"]
    cases = {row["case"] for row in result["rows"]}
    assert cases == {"1x64x56x56 f32", "10 f32", "1x8x7x7 f32"}
    entries = {row["entry"] for row in result["rows"]}
    assert {"built-in ReLU", "naive loop", "memory copy", "sse42"} <= entries
    assert {(target["baseline"], target["wanted"]) for target in result["targets"]} == {
        ("built-in ReLU", 1.0),
        ("naive loop", 20.0),
    }
    assert all(row["microseconds"] > 0 for row in result["rows"])
    assert "vs built-in ReLU" in done.stdout


def test_patch_and_its_errors(ovext: Ovext, demo: Path, tmp_path: Path) -> None:
    source, out = demo / "resnet50.xml", tmp_path / "out.xml"
    done = ovext("patch", source, "--from", "ReLU", "--to", "CustomReLU", "-o", out)
    assert "49 layers of type ReLU made CustomReLU" in done.stdout
    (tmp_path / "text.xml").write_text("no model")
    for model, old, told in (
        (source, "Relu", "(did you mean 'ReLU'?)"),
        (tmp_path / "text.xml", "ReLU", "no OpenVINO IR"),
    ):
        done = ovext("patch", model, "--from", old, "--to", "X", "-o", tmp_path / "other.xml")
        assert done.returncode == ExitCode.MODEL
        assert told in done.stderr
        assert not (tmp_path / "other.xml").exists()
    done = ovext("patch", source, "--from", "ReLU", "--to", "X", "-o", tmp_path / "nowhere" / "other.xml")
    assert done.returncode == ExitCode.FILES


def relu_on(core: ov.Core) -> list[float]:
    model = core.read_model(one_op_model("CustomReLU", "opset1", [TensorType("f32", (2,))]).encode(), b"")
    numbers: list[float] = core.compile_model(model, "CPU")(np.array([-1, 1], np.float32))[0].tolist()
    return numbers


def test_load_takes_the_library_that_cpu_extension_names(built_relu: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CPU_EXTENSION", str(built_relu.library))
    core = ov.Core()
    assert ovext_package.load(core) == built_relu.library
    assert relu_on(core) == [0, 1]


def test_load_takes_the_projects_own_library(built_relu: Built) -> None:
    core = ov.Core()
    assert ovext_package.load(core, folder=built_relu.output_dir.parents[1]) == built_relu.library
    assert relu_on(core) == [0, 1]


def test_load_of_a_file_that_openvino_refuses_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.so").write_bytes(b"\x7fELF")
    monkeypatch.setenv("CPU_EXTENSION", str(tmp_path / "broken.so"))
    with pytest.raises(LibraryError, match=r"broken\.so: OpenVINO cannot load the library \(CPU_EXTENSION names it\)"):
        ovext_package.load(ov.Core())


def test_library_for_a_server_runs_where_openvino_is_global(built_two_ops: Built) -> None:
    """Its symbols come from the process, as when the build loads it. A plain load in Python does not provide them."""
    server = built_two_ops.library.with_name("libfor_server_cpu_extension.so")
    with pytest.raises(RuntimeError, match="undefined symbol"):
        ov.Core().add_extension(str(server))
