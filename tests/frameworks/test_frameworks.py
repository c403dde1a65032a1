"""An op written by `ovext new`, in models of every framework: read, converted, and computed as by its reference."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest

from helpers import PACKAGES, Array, Built, copy_project, need, run_ovext
from proven import build


def module(name: str) -> Any:
    """Import a module of a package that only these tests need."""
    package = name.partition(".")[0]
    need(find_spec(package) is not None, f"the package {package}")
    return import_module(name)


DATA = np.arange(6, dtype=np.float32).reshape(2, 3)
DEFAULTS = {
    "flip": False,
    "times": 0,
    "few": 3,
    "scale": 1.0,
    "wide": 0.25,
    "word": "none",
    "mode": "near",
    "axes": [7],
    "few_axes": [8],
    "weights": [0.5, 1.5],
    "words": ["a"],
    "kind": "i32",
    "size": [1, 2],
    "open": [-1, 2],
}
GIVEN = {
    "flip": True,
    "times": 4,
    "few": 5,
    "scale": 0.5,
    "wide": 0.125,
    "word": "w",
    "mode": "far",
    "axes": [1, 2],
    "few_axes": [3],
    "weights": [0.25, 0.75],
    "words": ["x", "y"],
    "kind": "f16",
    "size": [4, 5],
    "open": [-1, 6],
}
# The ends of types, in the order of GIVEN.
ENDS = {
    **GIVEN,
    "times": 2**63 - 1,
    "few": -(2**31),
    "scale": float(np.float32(1e-38)),
    "wide": 2.0**100,
    "word": "",
    "axes": [-(2**63), 2**63 - 1],
    "few_axes": [2**31 - 1],
    "weights": [float(np.float32(-3e38)), 0.0],
    "words": ["w", "w"],
}
IN_TORCH = ("flip", "times", "few", "scale", "wide", "word", "mode", "axes", "few_axes", "weights")


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The op of packages/kinds.toml, with its computation added to the output of `ovext new`."""
    folder = tmp_path_factory.mktemp("kinds")
    done = run_ovext("new", "kinds", "--from", PACKAGES / "kinds.toml", cwd=folder)
    assert done.returncode == 0, done.stderr
    op = folder / "kinds" / "ops" / "kinds"
    computation = "return (parameters.flip ? -data : data) * T(parameters.scale) + T(parameters.times);"
    replace(op / "kernel.cpp", "return data;", computation)
    replace(op / "reference.py", "return data", "return (-data if flip else data) * scale + times")
    return build(folder / "kinds")


def replace(file: Path, old: str, new: str) -> None:
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def reference(attributes: dict[str, Any]) -> Array:
    result: Array = (-DATA if attributes["flip"] else DATA) * np.float32(attributes["scale"]) + attributes["times"]
    return result


def check(model: ov.Model, attributes: dict[str, Any]) -> None:
    """Check that the model has the op with these attributes, and that it computes what the reference does."""
    op = next(op for op in model.get_ops() if op.get_type_name() == "Kinds")
    assert op.get_attributes() == attributes
    assert np.array_equal(ov.Core().compile_model(model, "CPU")(DATA)[0], reference(attributes))


def read(model: Path, library: Path) -> ov.Model:
    core = ov.Core()
    core.add_extension(library)
    return core.read_model(model)


@pytest.fixture
def onnx_model(tmp_path: Path) -> Path:
    """All attributes but `few`; the mapping says that ONNX models do not have it."""
    return write_onnx(tmp_path / "model.onnx", {**GIVEN, "flip": 1, "n_times": 4, "kind": 10})


def write_onnx(path: Path, attributes: dict[str, Any], domain: str = "my.domain") -> Path:
    onnx = module("onnx")
    attributes = {name: value for name, value in attributes.items() if name not in {"times", "few"}}
    node = onnx.helper.make_node("Kinds", ["x"], ["y"], domain=domain, **attributes)
    values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, DATA.shape) for name in ("x", "y")]
    graph = onnx.helper.make_graph([node], "graph", values[:1], values[1:])
    opsets = [onnx.helper.make_opsetid("", 13), onnx.helper.make_opsetid(domain, 1)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opsets), path)
    return path


def test_onnx_with_every_attribute(kinds: Built, onnx_model: Path) -> None:
    check(read(onnx_model, kinds.library), {**GIVEN, "few": 6})
    check(ov.convert_model(onnx_model, extension=str(kinds.library)), {**GIVEN, "few": 6})


def test_onnx_keeps_the_ends_of_types(kinds: Built, tmp_path: Path) -> None:
    model = write_onnx(tmp_path / "model.onnx", {**ENDS, "flip": 1, "n_times": ENDS["times"], "kind": 10})
    check(read(model, kinds.library), {**ENDS, "few": 6})


def test_onnx_without_attributes(kinds: Built, tmp_path: Path) -> None:
    model = read(write_onnx(tmp_path / "model.onnx", {}), kinds.library)
    check(model, {**DEFAULTS, "wide": 0.75, "few": 6})


# For each framework, a mistake in op.toml and what the proof says of it. The library is built without the mistake.
MISTAKES = {
    "onnx": ('attributes = { times = "n_times" }\ndefaults', 'attributes = { times = "number" }\ndefaults', "times = "),
    "tensorflow": ('attributes = { times = "n_times" }\n\n', "\n", "times = "),
    "tensorflow_lite": ('word = "lite"', 'word = "heavy"', "word = 'heavy' is 'lite'"),
    "pytorch": ('"my_ops::kinds"', '"my_ops::kinds"\nconstants = { few = 9 }', "few = 9 is "),
    "paddle": ('inputs = ["X"]', 'inputs = ["Z"]', "is refused: "),
    "jax": ("times = 1 }", "times = 2 }", "times = 2 is 1 read from a model of JAX"),
}
PACKAGES_OF = {
    "onnx": "onnx",
    "tensorflow": "tensorboard",
    "tensorflow_lite": "tflite",
    "pytorch": "torch",
    "paddle": "paddle",
    "jax": "jax",
}


@pytest.mark.parametrize("framework", MISTAKES)
def test_the_proof_reads_models(kinds: Built, tmp_path: Path, framework: str) -> None:
    need(find_spec(PACKAGES_OF[framework]) is not None, f"the package {PACKAGES_OF[framework]}")
    command = ["test", "--library", str(kinds.library), "--check", framework, "--isa", "sse42", "--json"]
    (row,) = json.loads(run_ovext(*command, kinds.project).stdout)["rows"]
    assert (row["check"], row["failures"], row["skipped"]) == (framework, [], "")
    assert row["cases"] > 10 or framework == "jax"
    project = copy_project(kinds.project, tmp_path / "kinds")
    old, new, told = MISTAKES[framework]
    replace(project / "ops" / "kinds" / "op.toml", old, new)
    (row,) = json.loads(run_ovext(*command, project).stdout)["rows"]
    assert any(told in one["what"] for one in row["failures"]), row


def test_the_proof_reads_models_with_several_inputs_and_outputs(tmp_path: Path) -> None:
    """Also of an attribute without a default, and an argument of PyTorch that no attribute comes from."""
    for package in PACKAGES_OF.values():
        need(find_spec(package) is not None, f"the package {package}")
    assert run_ovext("new", "pair", "--from", PACKAGES / "pair.toml", cwd=tmp_path).returncode == 0
    pair = build(tmp_path / "pair")
    done = run_ovext("test", "--library", pair.library, "--isa", "sse42", "--json", pair.project)
    rows = {row["check"]: row for row in json.loads(done.stdout)["rows"]}
    assert [one["failures"] for one in rows.values() if one["failures"]] == []
    assert [name for name in PACKAGES_OF if rows[name]["cases"] == 0] == []


def test_onnx_of_another_domain_is_not_the_op(kinds: Built, tmp_path: Path) -> None:
    model = write_onnx(tmp_path / "model.onnx", {}, domain="other.domain")
    with pytest.raises(RuntimeError, match=r"No conversion rule found for operations: other\.domain\.Kinds"):
        read(model, kinds.library)


def test_onnx_with_a_wrong_attribute_is_refused(kinds: Built, tmp_path: Path) -> None:
    model = write_onnx(tmp_path / "model.onnx", {"scale": "much"})
    with pytest.raises(RuntimeError, match="the attribute 'scale' is of a type"):
        read(model, kinds.library)


@pytest.mark.parametrize("times", [2.5, 1e300])
def test_onnx_with_a_number_that_does_not_fit_is_refused(kinds: Built, tmp_path: Path, times: float) -> None:
    model = write_onnx(tmp_path / "model.onnx", {"n_times": times})
    with pytest.raises(RuntimeError, match="does not fit its type"):
        read(model, kinds.library)


@pytest.mark.parametrize("given", ["none", "all", "ends", "an empty list"])
def test_tensorflow(kinds: Built, tmp_path: Path, given: str) -> None:
    names = ("attr_value_pb2", "graph_pb2", "tensor_shape_pb2", "types_pb2")
    attr_value_pb2, graph_pb2, tensor_shape_pb2, types_pb2 = (
        module(f"tensorboard.compat.proto.{name}") for name in names
    )
    value, values = attr_value_pb2.AttrValue, attr_value_pb2.AttrValue.ListValue

    def shape(*sizes: int) -> Any:
        dims = [tensor_shape_pb2.TensorShapeProto.Dim(size=size) for size in sizes]
        return tensor_shape_pb2.TensorShapeProto(dim=dims)

    everything = {
        "flip": value(b=True),
        "n_times": value(i=4),
        "few": value(i=5),
        "scale": value(f=0.5),
        "wide": value(f=0.125),
        "word": value(s=b"w"),
        "mode": value(s=b"far"),
        "axes": value(list=values(i=[1, 2])),
        "few_axes": value(list=values(i=[3])),
        "weights": value(list=values(f=[0.25, 0.75])),
        "words": value(list=values(s=[b"x", b"y"])),
        "kind": value(type=types_pb2.DT_HALF),
        "size": value(shape=shape(4, 5)),
        "open": value(shape=shape(-1, 6)),
    }
    ends = {
        **everything,
        "n_times": value(i=ENDS["times"]),
        "few": value(i=ENDS["few"]),
        "scale": value(f=ENDS["scale"]),
        "wide": value(f=ENDS["wide"]),
        "word": value(s=b""),
        "axes": value(list=values(i=ENDS["axes"])),
        "few_axes": value(list=values(i=ENDS["few_axes"])),
        "weights": value(list=values(f=ENDS["weights"])),
        "words": value(list=values(s=[b"w", b"w"])),
    }
    cases = {
        "none": ({}, DEFAULTS),
        "ends": (ends, ENDS),
        "all": (everything, GIVEN),
        "an empty list": ({"axes": value(list=values())}, {**DEFAULTS, "axes": []}),
    }
    attributes, expected = cases[given]
    graph = graph_pb2.GraphDef()
    placeholder = graph.node.add(name="x", op="Placeholder")
    placeholder.attr["dtype"].type = types_pb2.DT_FLOAT
    placeholder.attr["shape"].shape.CopyFrom(shape(*DATA.shape))
    node = graph.node.add(name="y", op="Kinds", input=["x"])
    for name, one in attributes.items():
        node.attr[name].CopyFrom(one)
    path = tmp_path / "model.pb"
    path.write_bytes(graph.SerializeToString())
    check(read(path, kinds.library), expected)
    check(ov.convert_model(path, extension=str(kinds.library)), expected)


@pytest.mark.parametrize("given", ["none", "numbers", "ends"])
def test_tensorflow_lite(kinds: Built, tmp_path: Path, given: str) -> None:
    """Of the options, OpenVINO reads numbers and booleans."""
    made = module("ovext.worker.models.tensorflow_lite").made
    # OpenVINO reads the lower 32 bits of whole numbers.
    source: dict[str, Any] = {"none": {}, "numbers": GIVEN, "ends": {**ENDS, "times": 2**31 - 1}}[given]
    options = {name: source[name] for name in ("flip", "times", "few", "scale", "wide") if source}
    request = {
        "name": "Kinds",
        "inputs": ["x"],
        "outputs": ["y"],
        "input_types": ["f32"],
        "shapes": [DATA.shape],
        "attributes": [{"name": name, "value": value} for name, value in options.items()],
    }
    check(read(made(request, tmp_path), kinds.library), {**DEFAULTS, **options, "word": "lite"})


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "given",
    [GIVEN, {**ENDS, "word": "w"}, {**GIVEN, "axes": [], "few_axes": [], "weights": []}],
    ids=["given", "ends", "empty"],
)
@pytest.mark.parametrize("how", ["trace", "export"])
def test_pytorch(kinds: Built, how: str, given: dict[str, Any]) -> None:
    torch = module("torch")
    arguments = [given[name] for name in IN_TORCH]
    kinds_in_torch = torch_op()

    forward = {"forward": lambda _, data: kinds_in_torch(data, *arguments)}
    model_type = type("Model", (torch.nn.Module,), forward)

    example = torch.from_numpy(DATA)
    if how == "trace":
        traced = torch.jit.trace(model_type(), example)
        model = ov.convert_model(traced, example_input=example, extension=str(kinds.library))
    else:
        model = ov.convert_model(torch.export.export(model_type(), (example,)), extension=str(kinds.library))
    check(model, {**DEFAULTS, **{name: given[name] for name in IN_TORCH}})


@cache
def torch_op() -> Any:
    """my_ops::kinds, which torch must know to trace it."""
    torch = module("torch")
    numbers = "bool flip, int times, int few, float scale, float wide"
    others = "str word, str mode, int[] axes, int[] few_axes, float[] weights"
    torch.library.define("my_ops::kinds", f"(Tensor data, {numbers}, {others}) -> Tensor")

    def kinds(data: Any, *attributes: Any) -> Any:
        flip, times, _, scale, *_ = attributes
        return (-data if flip else data) * scale + times

    torch.library.impl("my_ops::kinds", "default", kinds)
    torch.library.register_fake("my_ops::kinds", lambda data, *_: torch.empty_like(data))
    return torch.ops.my_ops.kinds


def test_jax(kinds: Built) -> None:
    jax = module("jax")
    primitive = module("jax.extend.core").Primitive("kinds")
    primitive.def_abstract_eval(lambda data: jax.core.ShapedArray(data.shape, data.dtype))
    traced = jax.make_jaxpr(primitive.bind)(DATA)
    check(ov.convert_model(traced, extension=str(kinds.library)), {**DEFAULTS, "scale": 2.0, "times": 1})


def run_tool(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    tool = Path(sys.executable).with_name(name)
    return subprocess.run([str(tool), *map(str, arguments)], capture_output=True, text=True, check=False, timeout=120)


def test_ovc_and_benchmark_app_take_the_library(kinds: Built, onnx_model: Path, tmp_path: Path) -> None:
    converted = tmp_path / "model.xml"
    done = run_tool("ovc", onnx_model, "--extension", kinds.library, "--output_model", converted)
    assert done.returncode == 0, done.stderr
    check(read(converted, kinds.library), {**GIVEN, "few": 6})
    done = run_tool("benchmark_app", "-m", converted, "-extensions", kinds.library, "-d", "CPU", "-niter", "2")
    assert done.returncode == 0, done.stdout
    assert "Throughput" in done.stdout
