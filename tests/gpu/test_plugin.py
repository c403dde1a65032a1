"""What is known about the GPU plugin, compared with the plugin itself on the simulated device."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gpu.traps import KERNEL, XML, Op, TryLayer
from helpers import PACKAGES
from ovext.gpu.headers import collect_names
from ovext.gpu.plugin import BUILT_INS, headers_of, plugin_names
from ovext.gpu.prelude import built_ins
from ovext.gpu.read import read_layers
from ovext.gpu.simulator import Simulator
from ovext.toolchain.fetch import find_installed

RELU = XML.replace('"Copy"', '"Relu"')


def write(folder: Path, xml: str) -> Path:
    (folder / "layer.xml").write_text(xml)
    (folder / "copy.cl").write_text(KERNEL)
    return folder / "layer.xml"


@pytest.mark.usefixtures("simulator")
def test_reserved_names_are_those_of_the_plugin() -> None:
    openvino = find_installed(None)
    assert openvino is not None
    assert collect_names(openvino) == plugin_names(), "run `make generate`"


def test_the_plugin_has_the_names_that_are_known() -> None:
    names = plugin_names()
    assert {"CAT", "MIN", "MAX", "CLAMP", "CEIL_DIV", "AS_TYPE"} <= names.macros
    assert "unroll_for" in names.constants
    assert {"Relu", "Convolution", "MatMul"} <= names.op_types
    assert "ReLU" not in names.op_types


@pytest.mark.parametrize("memory_format", ["BFYX", "BYXF", "FYXB", "YXFB"])
@pytest.mark.parametrize("shape", [(2, 3, 5, 7), (3, 5, 7), (4, 5), (6,), ()], ids=lambda shape: f"rank {len(shape)}")
def test_built_ins_are_those_of_the_plugin(
    memory_format: str, shape: tuple[int, ...], tmp_path: Path, try_layer: TryLayer
) -> None:
    xml = write(tmp_path, XML.replace('"BYXF"', f'"{memory_format}"').replace('"X,Y,B*F"/', '"X,Y,B*F" local="1,1,1"/'))
    op = Op(inputs=(shape,), outputs=(shape,))
    assert try_layer(xml, op, programs=tmp_path) == {"agrees": True, "custom": True}
    program = next(text for file in tmp_path.glob("*-*.cl") if BUILT_INS in (text := file.read_text()))
    described = program[len(headers_of(program)) :].split("// Layer ")[0]
    layer = read_layers(xml)[0][0]
    mine = built_ins(layer, op.use().samples[0], ["f32", "f32"])
    assert [line for line in described.splitlines() if line.startswith("#")] == mine


def compile_chain(xml: Path, convolutions: int, simulator: Simulator) -> dict[str, str]:
    command = [sys.executable, str(PACKAGES / "gpu" / "many_convolutions.py"), str(xml), str(convolutions)]
    done = subprocess.run(command, env=simulator.environment(), capture_output=True, text=True, check=True)
    answer: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return answer


@pytest.mark.parametrize("memory_format", ["BFYX", "ANY"])
def test_many_convolutions_break_an_input_that_is_not_converted(
    memory_format: str, tmp_path: Path, simulator: Simulator
) -> None:
    xml = write(tmp_path, RELU.replace('"BYXF"', f'"{memory_format}"'))
    assert compile_chain(xml, 5, simulator) == {}
    assert "Unhandled format in pitch calculation" in compile_chain(xml, 14, simulator)["error"]


@pytest.mark.parametrize("memory_format", ["BYXF", "FYXB", "YXFB"])
def test_many_convolutions_leave_converted_inputs_alone(
    memory_format: str, tmp_path: Path, simulator: Simulator
) -> None:
    assert compile_chain(write(tmp_path, RELU.replace('"BYXF"', f'"{memory_format}"')), 14, simulator) == {}


def test_one_tensor_for_two_inputs_does_not_compile(tmp_path: Path, try_layer: TryLayer) -> None:
    """A known limit of the plugin, not a mistake of the layer; docs/gpu.md describes it."""
    second = '<Tensor arg-index="2" type="input" port-index="1" format="BYXF"/>\n  </Buffers>'
    xml = write(tmp_path, XML.replace("</Buffers>", second))
    (tmp_path / "copy.cl").write_text(KERNEL.replace("dst) {", "dst, const __global INPUT1_TYPE* more) {"))
    shapes = ((2, 3, 5, 7), (2, 3, 5, 7))
    assert try_layer(xml, Op(inputs=shapes)) == {"agrees": True, "custom": True}
    assert "Different primitive with id" in try_layer(xml, Op(inputs=shapes, same_source=True))["error"]
