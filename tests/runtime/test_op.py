"""CustomReLU in a model: shapes, types, attributes, and what is refused."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import openvino as ov
import pytest
from openvino import opset13 as ops

from helpers import CUSTOM_RELU, Array, copy_project
from ovext.models.ir import TensorType, one_op_model
from ovext.targets.isa import isa_table

if TYPE_CHECKING:
    from pathlib import Path

    from helpers import Built, Loaded, Ovext

F32 = {"INFERENCE_PRECISION_HINT": "f32"}


def relu_model(loaded: Loaded, element: str, shape: tuple[int, ...] | None, **attributes: float) -> ov.Model:
    return loaded.model("CustomReLU", "opset1", TensorType(element, shape), **attributes)


@pytest.mark.parametrize("shape", [(), (1,), (0,), (3, 0, 2), (2, 3, 4, 5, 6, 7)])
def test_any_static_shape(relu: Loaded, shape: tuple[int, ...]) -> None:
    data = np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)
    result = relu.infer("CustomReLU", "opset1", data)
    assert result.shape == shape
    assert np.array_equal(result, np.maximum(data, 0))


@pytest.mark.parametrize("declared", [(-1, -1, -1), (-1, 3, -1)], ids=["all dimensions", "some dimensions"])
def test_dynamic_shapes_change_between_inferences(relu: Loaded, declared: tuple[int, ...]) -> None:
    compiled = relu.core.compile_model(relu_model(relu, "f32", declared), "CPU", F32)
    for shape in ((2, 3, 5), (1, 3, 1), (7, 3, 0), (4, 3, 9)):
        data = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
        assert np.array_equal(compiled(data)[0], np.maximum(data, 0))


@pytest.mark.parametrize("element", ["f32", "f16", "bf16"])
def test_models_of_each_type_run_on_cpu(relu: Loaded, element: str) -> None:
    compiled = relu.core.compile_model(relu_model(relu, element, (4,)), "CPU")
    request = compiled.create_infer_request()
    tensor = request.get_input_tensor()
    one = {"f32": np.float32(1), "f16": np.float16(1), "bf16": np.float16(0).view(np.uint16)}[element]
    ones = {"f32": [1, -1, 0, 1], "f16": [1, -1, 0, 1], "bf16": [0x3F80, 0xBF80, 0, 0x3F80]}[element]
    raw = np.array(ones, np.asarray(one).dtype)
    tensor.data.view(raw.dtype)[...] = raw
    request.infer()
    result = np.array(request.get_output_tensor().data).view(raw.dtype)
    assert result.tolist() == [raw[0], 0, 0, raw[3]]


@pytest.mark.parametrize(("slope", "built_in"), [(0.0, "ReLU"), (0.25, "PReLU")])
def test_special_values_come_out_as_openvino_does_it(relu: Loaded, slope: float, built_in: str) -> None:
    data = np.array([np.nan, -np.nan, np.inf, -np.inf, -0.0, 1e-40, -1e-40, 3, -3], np.float32)
    parameter = ops.parameter([9], ov.Type.f32)
    slope_constant = ops.constant(np.array([slope], np.float32))
    node = ops.relu(parameter) if built_in == "ReLU" else ops.prelu(parameter, slope_constant)
    expected = relu.core.compile_model(ov.Model([node], [parameter]), "CPU", F32)(data)[0]
    actual = relu.infer("CustomReLU", "opset1", data, negative_slope=slope)
    assert np.array_equal(actual, expected, equal_nan=True)


def test_slope_is_optional_and_survives_saving(relu: Loaded, tmp_path: Path) -> None:
    data = np.array([-2, 4], np.float32)
    assert relu.infer("CustomReLU", "opset1", data).tolist() == [0, 4]
    ov.save_model(relu_model(relu, "f32", (2,), negative_slope=0.5), tmp_path / "saved.xml", compress_to_fp16=False)
    again = relu.core.compile_model(relu.core.read_model(tmp_path / "saved.xml"), "CPU", F32)
    assert again(data)[0].tolist() == [-1, 4]


def test_clone_keeps_the_slope(relu: Loaded) -> None:
    model = relu_model(relu, "f32", (2,), negative_slope=0.5).clone()
    target, source = ov.Tensor(ov.Type.f32, [2]), ov.Tensor(np.array([-2, 4], np.float32))
    assert model.evaluate([target], [source])
    assert target.data.tolist() == [-1, 4]


@pytest.mark.parametrize("element", ["i32", "f64", "boolean", "u8"])
def test_other_types_are_refused_at_load_with_rule_and_value(relu: Loaded, element: str) -> None:
    with pytest.raises(RuntimeError, match=f"'data' is of type f32 or f16 or bf16, not {element}"):
        relu_model(relu, element, (4,))


def test_two_inputs_are_refused_at_load_with_rule_and_value(relu: Loaded) -> None:
    xml = one_op_model("CustomReLU", "opset1", [TensorType("f32", (2,))] * 2)
    with pytest.raises(RuntimeError, match="the op takes 1 inputs, not 2"):
        relu.core.read_model(xml.encode(), b"")


def test_concurrent_requests_agree(relu: Loaded) -> None:
    compiled = relu.core.compile_model(relu_model(relu, "f32", (64, 1024)), "CPU", F32)
    inputs = [np.random.default_rng(seed).standard_normal((64, 1024), dtype=np.float32) for seed in range(16)]
    results: dict[int, Array] = {}
    queue = ov.AsyncInferQueue(compiled, 4)
    queue.set_callback(lambda request, index: results.__setitem__(index, np.array(request.get_output_tensor().data)))
    for index, data in enumerate(inputs):
        queue.start_async([data], index)
    queue.wait_all()
    assert all(np.array_equal(results[index], np.maximum(data, 0)) for index, data in enumerate(inputs))


OUTLIVE_THE_CORE = """
import sys, openvino as ov
core = ov.Core()
core.add_extension(sys.argv[1])
model = core.read_model(sys.argv[2].encode(), b"")
del core
print(sorted(node.get_type_name() for node in model.clone().get_ops()))
del model
"""


def test_models_may_outlive_the_core(built_relu: Built) -> None:
    xml = one_op_model("CustomReLU", "opset1", [TensorType("f32", (4,))])
    command = [sys.executable, "-c", OUTLIVE_THE_CORE, str(built_relu.library), xml]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "['CustomReLU', 'Parameter', 'Result']\n")


RUN_TWICE = """
import sys, numpy as np, openvino as ov
core = ov.Core()
core.add_extension(sys.argv[1])
compiled = core.compile_model(core.read_model(sys.argv[2].encode(), b""), "CPU")
for _ in range(3):
    compiled(np.zeros(4, np.float32))
del compiled, core
print("end")
"""


def test_first_run_is_announced_once_and_the_exit_is_clean(built_relu: Built) -> None:
    xml = one_op_model("CustomReLU", "opset1", [TensorType("f32", (4,))])
    command = [sys.executable, "-c", RUN_TWICE, str(built_relu.library), xml]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    message = "Running Relu custom kernel for the first time (next messages won't be printed)"
    assert done.stdout.splitlines() == [message, "end"]


@pytest.fixture(scope="module")
def sse42_only(ovext: Ovext, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """CustomReLU with one variant."""
    folder = tmp_path_factory.mktemp("sse42")
    project = copy_project(CUSTOM_RELU, folder / "custom_relu")
    assert ovext("build", project, "--isa", "sse42", cwd=folder).returncode == 0
    return folder / "lib" / "ubuntu" / "libcustom_relu_cpu_extension.so"


@pytest.mark.parametrize(
    ("forced", "told"),
    [
        ("avx", f"OVEXT_ISA=avx is not an instruction set; the known ones are {', '.join(isa_table())}."),
        ("avx512f", "OVEXT_ISA=avx512f names an instruction set that is not compiled into this library."),
    ],
)
def test_impossible_choice_makes_add_extension_fail(
    sse42_only: Path, tmp_path: Path, forced: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh_copy = shutil.copy(sse42_only, tmp_path)
    monkeypatch.setenv("OVEXT_ISA", forced)
    with pytest.raises(RuntimeError) as caught:
        ov.Core().add_extension(str(fresh_copy))
    assert told in str(caught.value)
    assert "Compiled into this library: sse42; of these, this CPU can run: sse42." in str(caught.value)
