"""The ops of the gallery, in models as they are found, against implementations that are not ours."""

from __future__ import annotations

import json
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import openvino as ov
import pytest
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from helpers import ROOT, build_project, need, run_ovext
from ovext.models.ir import TensorType, one_op_model
from ovext.project import load_project

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from helpers import Array, Built

VISION, LLM = ROOT / "extension_src" / "vision_ops", ROOT / "extension_src" / "llm_ops"
_KINDS = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64}


@pytest.fixture(scope="module")
def vision(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build_project(VISION, tmp_path_factory.mktemp("vision"), "libvision_ops_cpu_extension.so")


@pytest.fixture(scope="module")
def llm(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build_project(LLM, tmp_path_factory.mktemp("llm"), "libllm_ops_cpu_extension.so")


def package(name: str) -> Any:
    need(find_spec(name.partition(".")[0]) is not None, f"the package {name.partition('.')[0]}")
    return import_module(name)


def functions(project: Path) -> Any:
    """The module with what the project's benchmarks compare with."""
    spec = spec_from_file_location(f"functions_of_{project.name}", project / "bench" / "functions.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def onnx_model(op: str, domain: str, inputs: Mapping[str, Array], attributes: Mapping[str, Any]) -> onnx.ModelProto:
    values = [helper.make_tensor_value_info(name, _KINDS[str(one.dtype)], one.shape) for name, one in inputs.items()]
    node = helper.make_node(op, list(inputs), ["out"], domain=domain, **attributes)
    graph = helper.make_graph([node], "graph", values, [helper.make_empty_tensor_value_info("out")])
    opsets = [helper.make_opsetid("", 23), *([helper.make_opsetid(domain, 1)] if domain else [])]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def computed(built: Built, model: onnx.ModelProto, inputs: Mapping[str, Array], tmp_path: Path) -> Array:
    file = tmp_path / "model.onnx"
    onnx.save(model, file)
    core = ov.Core()
    core.add_extension(built.library)
    compiled = core.compile_model(core.read_model(file), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.array(compiled(list(inputs.values()))[0])


def run_on(built: Built, op: str, domain: str, inputs: Mapping[str, Array], tmp_path: Path, **attributes: Any) -> Array:
    return computed(built, onnx_model(op, domain, inputs, attributes), inputs, tmp_path)


def drawn(*shape: int, low: float = -2.0, high: float = 2.0) -> Array:
    return np.random.default_rng(sum(shape)).uniform(low, high, shape).astype(np.float32)


@pytest.mark.parametrize("project", [VISION, LLM], ids=lambda one: one.name)
def test_every_op_is_right_by_its_reference(project: Path, vision: Built, llm: Built) -> None:
    built = vision if project == VISION else llm
    rows = rows_of(built, "--examples", "20", "--isa", "avx2")
    assert [one for one in rows if one["failures"]] == []
    assert {one["check"] for one in rows if one["cases"]} >= {"numbers", "onnx", "pytorch", "refusals", "requests"}


def rows_of(built: Built, *options: str) -> list[dict[str, Any]]:
    done = run_ovext("test", built.project, "--library", built.library, "--json", *options)
    assert done.stdout, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)["rows"]
    return rows


def test_gpu_kernels_are_right_by_their_references(llm: Built, vision: Built) -> None:
    rows = rows_of(llm, "--examples", "1", "--device", "sim")
    rows += rows_of(vision, "--examples", "1", "--device", "sim")
    assert {one["op"] for one in rows if one["cases"]} == {"RMSNorm", "RotaryEmbedding", "Snake", "RotatedRoIAlign"}
    assert [one for one in rows if one["failures"]] == []


def levels() -> dict[str, Array]:
    shapes = np.array([[12, 9], [6, 5], [3, 2]], np.int64)
    starts = np.array([0, 108, 138], np.int64)
    return {
        "value": drawn(2, 144, 4, 24),
        "level_shapes": shapes,
        "level_starts": starts,
        "locations": drawn(2, 33, 4, 3, 5, 2, low=-0.1, high=1.1),
        "weights": drawn(2, 33, 4, 3, 5, low=0, high=1),
    }


def test_deformable_attention_is_that_of_grid_sample(vision: Built, tmp_path: Path) -> None:
    package("torch")
    inputs = levels()
    wanted = functions(VISION).attention_of_torch(*inputs.values())().numpy()
    name = "MMCVMultiScaleDeformableAttention"
    got = run_on(vision, name, "mmdeploy", inputs, tmp_path, im2col_step=64)
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)


def test_levels_that_are_not_in_the_values_are_told(vision: Built, tmp_path: Path) -> None:
    inputs = levels() | {"level_starts": np.array([0, 108, 139], np.int64)}
    with pytest.raises(RuntimeError, match="level 2 of 3 x 2 from 139 on is not in the 144 values"):
        run_on(vision, "MMCVMultiScaleDeformableAttention", "mmdeploy", inputs, tmp_path)


@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize(("groups", "deform_groups"), [(1, 1), (2, 1), (1, 4), (2, 2)])
def test_deformable_convolution_is_that_of_torchvision(
    groups: int, deform_groups: int, *, has_bias: bool, vision: Built, tmp_path: Path
) -> None:
    torch, torchvision = package("torch"), package("torchvision.ops")
    taps = deform_groups * 9
    inputs = {
        "data": drawn(2, 8, 13, 11),
        "offset": drawn(2, 2 * taps, 7, 11),
        "mask": drawn(2, taps, 7, 11, low=0),
        "weight": drawn(6, 8 // groups, 3, 3),
        **({"bias": drawn(6)} if has_bias else {}),
    }
    options = {"stride": [2, 1], "padding": [1, 2], "dilation": [1, 2]}
    own = {**options, "groups": groups, "deform_groups": deform_groups}
    got = run_on(vision, "MMCVModulatedDeformConv2d", "mmdeploy", inputs, tmp_path, **own)
    data, offset, mask, weight, *bias = map(torch.from_numpy, inputs.values())
    wanted = torchvision.deform_conv2d(data, offset, weight, *bias, mask=mask, **options).numpy()
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)


BOXES = np.array(
    [[0, 9.0, 8.0, 7.0, 5.0, 0.3], [1, 5.0, 5.0, 12.0, 3.0, -1.2], [0, 0.5, 1.0, 6.0, 6.0, 2.9]], np.float32
)


@pytest.mark.parametrize("sampling_ratio", [0, 2])
@pytest.mark.parametrize("clockwise", [0, 1])
def test_rotated_roi_align_is_that_of_openvino(
    sampling_ratio: int, clockwise: int, vision: Built, tmp_path: Path
) -> None:
    data = drawn(2, 5, 20, 18)
    options: Any = {"output_height": 3, "output_width": 4, "spatial_scale": 0.75, "sampling_ratio": sampling_ratio}
    inputs = {"data": data, "rois": BOXES}
    got = run_on(vision, "MMCVRoIAlignRotated", "mmdeploy", inputs, tmp_path, **options, aligned=1, clockwise=clockwise)
    parameters = [ov.opset13.parameter(one.shape, np.float32) for one in inputs.values()]
    made = functions(VISION).rotated_roi_align_of_openvino(
        *parameters, **options, aligned=True, clockwise=bool(clockwise)
    )
    wanted = ov.Core().compile_model(ov.Model([made], parameters), "CPU")(list(inputs.values()))[0]
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)


def test_roi_align_of_boxes_that_are_not_rotated_is_that_of_torchvision(vision: Built, tmp_path: Path) -> None:
    package("torch")
    inputs = {"data": drawn(2, 5, 20, 18), "rois": BOXES * np.array([1, 1, 1, 1, 1, 0], np.float32)}
    options: Any = {"output_height": 3, "output_width": 4, "spatial_scale": 0.75, "sampling_ratio": 2}
    got = run_on(vision, "MMCVRoIAlignRotated", "mmdeploy", inputs, tmp_path, **options, aligned=1, clockwise=0)
    wanted = functions(VISION).roi_align_of_torchvision(*inputs.values(), **options)().numpy()
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4)


def test_images_without_pixels_give_zeros(vision: Built, tmp_path: Path) -> None:
    inputs = {"data": np.zeros((2, 5, 0, 18), np.float32), "rois": BOXES}
    got = run_on(vision, "MMCVRoIAlignRotated", "mmdeploy", inputs, tmp_path, output_height=3, output_width=4)
    assert got.shape == (3, 5, 3, 4)
    assert not got.any()


@pytest.mark.parametrize("size", [1e5, np.inf, np.nan])
def test_a_box_that_is_too_large_is_told(size: float, vision: Built, tmp_path: Path) -> None:
    inputs = {"data": drawn(1, 1, 4, 4), "rois": np.array([[0, 2, 2, size, 1, 0]], np.float32)}
    with pytest.raises(RuntimeError, match="pixels large, which is too much"):
        run_on(vision, "MMCVRoIAlignRotated", "mmdeploy", inputs, tmp_path, output_height=1, output_width=1)


@pytest.mark.parametrize(
    ("channels", "attributes", "said"),
    [
        (2**57, {}, ""),
        (0, {"deform_groups": 2**62}, "deform_groups is at most"),
    ],
)
def test_sizes_that_overflow_harm_nothing(channels: int, attributes: dict[str, int], said: str, vision: Built) -> None:
    """All tensors with values are small: such a model is made by hand."""
    op = load_project(VISION).op_in(VISION / "ops" / "modulated_deform_conv2d")
    shapes = [
        (1, channels, 0, 5),
        (1, 2 if channels else 0, 1, 1),
        (1, 1 if channels else 0, 1, 1),
        (0, channels, 1, 1),
    ]
    values = op.ir_attributes(op.all_values(attributes))
    model = one_op_model(op.type, op.opset, [TensorType("f32", one) for one in shapes], values)
    core = ov.Core()
    core.add_extension(vision.library)
    if said:
        with pytest.raises(RuntimeError, match=said):
            core.read_model(model.encode(), b"")
        return
    request = core.compile_model(core.read_model(model.encode(), b""), "CPU").create_infer_request()
    request.infer([np.zeros(one, np.float32) for one in shapes])
    assert request.output_tensors[0].shape == [1, 0, 1, 1]


def test_boxes_and_scores_that_do_not_fit_are_refused_where_an_op_is_called_alone(vision: Built) -> None:
    core = ov.Core()
    core.add_extension(vision.library)
    op = load_project(VISION).op_in(VISION / "ops" / "rotated_nms")
    tensors = [TensorType("f32", (-1, -1, 5)), TensorType("f32", (-1, -1, -1))]
    text = one_op_model(op.type, op.opset, tensors, op.ir_attributes(op.example()))
    model = core.read_model(text.encode(), b"")
    outputs = [ov.Tensor(ov.Type.i64, [0, 3])]
    with pytest.raises(RuntimeError, match="the dimension B is"):
        model.evaluate(outputs, [ov.Tensor(drawn(1, 2, 5)), ov.Tensor(drawn(1, 1, 3000))])


def test_a_box_in_no_image_is_told(vision: Built, tmp_path: Path) -> None:
    inputs = {"data": drawn(1, 5, 20, 18), "rois": BOXES}
    with pytest.raises(RuntimeError, match="box 1 is in image 1 of 1"):
        run_on(vision, "MMCVRoIAlignRotated", "mmdeploy", inputs, tmp_path, output_height=3, output_width=4)


@pytest.mark.parametrize("iou_threshold", [0.1, 0.5])
def test_rotated_nms_selects_as_openvino_does(iou_threshold: float, vision: Built, tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    places = generator.uniform(0, 60, (2, 80, 2))
    boxes = np.concatenate([places, generator.uniform(2, 20, (2, 80, 2)), generator.uniform(-3, 3, (2, 80, 1))], -1)
    scores = generator.permuted(np.tile(np.linspace(0, 1, 80), (2, 3, 1)), axis=-1)
    inputs = {"boxes": boxes.astype(np.float32), "scores": scores.astype(np.float32)}
    options = {"iou_threshold": iou_threshold, "score_threshold": 0.2}
    got = run_on(vision, "NMSRotated", "mmdeploy", inputs, tmp_path, **options)
    parameters = [ov.opset13.parameter(one.shape, np.float32) for one in inputs.values()]
    made = functions(VISION).rotated_nms_of_openvino(*parameters, **options)
    wanted = ov.Core().compile_model(ov.Model([made], parameters), "CPU")(list(inputs.values()))[0]
    assert got.shape[1] == 3
    assert 10 < len(got) < 480
    assert got.tolist() == [one for one in np.asarray(wanted).tolist() if one[0] >= 0]


@pytest.mark.parametrize("shape", [(2, 7, 64), (1, 3, 5, 96)])
def test_rms_norm_is_that_of_onnx_and_of_torch(shape: Sequence[int], llm: Built, tmp_path: Path) -> None:
    torch = package("torch")
    inputs = {"data": drawn(*shape), "weight": drawn(shape[-1])}
    model = onnx_model("RMSNormalization", "", inputs, {"epsilon": 1e-3, "axis": -1})
    got = computed(llm, model, inputs, tmp_path)
    data, weight = map(torch.from_numpy, inputs.values())
    wanted: Any = ReferenceEvaluator(model).run(None, inputs)
    np.testing.assert_allclose(got, wanted[0], rtol=1e-5, atol=1e-5)
    wanted = torch.nn.functional.rms_norm(data, (shape[-1],), weight, 1e-3).numpy()
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("interleaved", [0, 1])
@pytest.mark.parametrize("pairs", [16, 10])
def test_rotary_embedding_is_that_of_onnx(interleaved: int, pairs: int, llm: Built, tmp_path: Path) -> None:
    angles = drawn(2, 9, pairs, low=-3, high=3)
    inputs = {"data": drawn(2, 4, 9, 32), "cosines": np.cos(angles), "sines": np.sin(angles)}
    model = onnx_model("RotaryEmbedding", "", inputs, {"interleaved": interleaved, "rotary_embedding_dim": 2 * pairs})
    wanted: Any = ReferenceEvaluator(model).run(None, inputs)
    np.testing.assert_allclose(computed(llm, model, inputs, tmp_path), wanted[0], rtol=1e-5, atol=1e-5)


def test_an_input_that_the_op_does_not_have_is_refused(llm: Built, tmp_path: Path) -> None:
    angles = drawn(1, 9, 16)
    inputs = {
        "data": drawn(1, 4, 9, 32),
        "cosines": angles,
        "sines": angles,
        "position_ids": np.zeros((1, 9), np.int64),
    }
    with pytest.raises(RuntimeError, match="RotaryEmbedding takes 3 inputs, not 4"):
        run_on(llm, "RotaryEmbedding", "", inputs, tmp_path)


def test_snake_is_that_of_torch(llm: Built, tmp_path: Path) -> None:
    package("torch")
    inputs = {"data": drawn(2, 6, 50), "alpha": drawn(6, low=0.3)}
    got = run_on(llm, "Snake", "llm_ops", inputs, tmp_path)
    wanted = functions(LLM).snake_of_torch(*inputs.values())().numpy()
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.filterwarnings("ignore:.torch.jit:FutureWarning")
def test_an_op_is_read_from_pytorch_with_and_without_its_optional_input(vision: Built) -> None:
    torch = package("torch")
    schema = "(Tensor x, Tensor offset, Tensor mask, Tensor w, Tensor? b, int[] s, int[] p, int[] d, int g, int dg)"
    torch.library.define("vision_ops::modulated_deform_conv2d", f"{schema} -> Tensor")
    torch.library.impl("vision_ops::modulated_deform_conv2d", "default", lambda *_: torch.zeros(1, 6, 5, 5))
    op = torch.ops.vision_ops.modulated_deform_conv2d
    inputs = (drawn(1, 4, 7, 7), drawn(1, 18, 5, 5), drawn(1, 9, 5, 5, low=0), drawn(6, 4, 3, 3), drawn(6))
    results = []
    for given in (inputs, inputs[:4]):

        class Layer(torch.nn.Module):  # type: ignore[misc, name-defined]
            def forward(self, x: Any, offset: Any, mask: Any, weight: Any, bias: Any = None) -> Any:
                return op(x, offset, mask, weight, bias, [1, 1], [0, 0], [1, 1], 1, 1)

        tensors = tuple(map(torch.from_numpy, given))
        traced = torch.jit.trace(Layer(), tensors, check_trace=False)
        model = ov.convert_model(traced, example_input=tensors, extension=str(vision.library))
        results.append(ov.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(list(given))[0])
    np.testing.assert_allclose(results[0], results[1] + inputs[4][:, None, None], rtol=1e-4, atol=1e-4)
