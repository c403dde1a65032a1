"""Four ops of public models pass the proof, and their ONNX models are read and computed."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import openvino as ov
import pytest

from helpers import PACKAGES, Array, Built, Ovext, copy_project
from proven import build

if TYPE_CHECKING:
    from collections.abc import Callable

# The node of each op, as its exporter writes it: domain, type, attributes; and the shapes of inputs.
_NODES: dict[str, tuple[str, str, dict[str, Any], dict[str, tuple[int, ...]]]] = {
    "snake": ("my_audio", "Snake", {}, {"x": (2, 6, 1000), "alpha": (6,)}),
    "rms_norm": ("my_llm", "RMSNorm", {"epsilon": 1e-6}, {"x": (2, 7, 4096), "weight": (4096,)}),
    "multi_scale_deformable_attention": (
        "mmdeploy",
        "MMCVMultiScaleDeformableAttention",
        {"im2col_step": 64},
        {
            "value": (2, 1360, 8, 32),
            "spatial_shapes": (4, 2),
            "level_start_index": (4,),
            "sampling_locations": (2, 50, 8, 4, 4, 2),
            "attention_weights": (2, 50, 8, 4, 4),
        },
    ),
    "nms_rotated": (
        "mmdeploy",
        "NMSRotated",
        {"iou_threshold": 0.1, "score_threshold": 0.05},
        {"boxes": (2, 40, 5), "scores": (2, 3, 40)},
    ),
}
_WHOLE = {"spatial_shapes", "level_start_index"}


@pytest.fixture(scope="module")
def real_ops(tmp_path_factory: pytest.TempPathFactory) -> Built:
    project = copy_project(PACKAGES / "real_ops", tmp_path_factory.mktemp("real") / "real_ops")
    return build(project, options=["--isa", "sse42"])


def test_real_ops_pass(ovext: Ovext, real_ops: Built) -> None:
    done = ovext(
        *("test", real_ops.project, "--library", real_ops.library, "--examples", "40"), cwd=real_ops.project.parent
    )
    assert done.returncode == 0, done.stdout


def module_of(reference: Path) -> Any:
    spec = importlib.util.spec_from_file_location(reference.parent.name, reference)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def inputs_of(shapes: dict[str, tuple[int, ...]], module: Any) -> dict[str, Array]:
    generator = np.random.default_rng(1)
    make: Callable[..., dict[str, Array]] = getattr(module, "make_inputs", lambda *_: {})
    drawn = {name: generator.uniform(0.1, 1, shape) for name, shape in shapes.items()} | make(shapes, generator)
    return {name: drawn[name].astype(np.int64 if name in _WHOLE else np.float32) for name in shapes}


@pytest.mark.parametrize("op", _NODES)
def test_an_onnx_model_with_the_op_is_read_and_computed(real_ops: Built, op: str) -> None:
    domain, kind, attributes, shapes = _NODES[op]
    module = module_of(real_ops.project / "ops" / op / "reference.py")
    inputs = inputs_of(shapes, module)
    node = onnx.helper.make_node(kind, list(shapes), ["result"], domain=domain, **attributes)
    types = {name: onnx.TensorProto.INT64 if name in _WHOLE else onnx.TensorProto.FLOAT for name in shapes}
    result = onnx.TensorProto.INT64 if op == "nms_rotated" else onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [node],
        op,
        [onnx.helper.make_tensor_value_info(name, types[name], shape) for name, shape in shapes.items()],
        [onnx.helper.make_tensor_value_info("result", result, None)],
    )
    imports = [onnx.helper.make_opsetid(name, 1 if name else 17) for name in ("", domain)]
    model = onnx.helper.make_model(graph, opset_imports=imports, ir_version=9)
    core = ov.Core()
    core.add_extension(real_ops.library)
    read = core.read_model(model.SerializeToString(), b"")
    assert [one.get_type_name() for one in read.get_ops()].count(kind_of(real_ops, op)) == 1
    got = core.compile_model(read, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(list(inputs.values()))[0]
    expected = getattr(module, op)(*inputs.values(), **attributes)
    assert got.shape == expected.shape
    assert got.size > 0
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


def kind_of(built: Built, op: str) -> str:
    """The op's type in OpenVINO."""
    text = (built.project / "ops" / op / "op.toml").read_text()
    return text.partition('type = "')[2].partition('"')[0]
