"""`ovext new --legacy`: the old generator's tree, run by the real Model Optimizer of 2023.3 and by today's OpenVINO."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest

from helpers import ROOT, Built, Ovext, need, run_ovext
from ovext.errors import ExitCode
from ovext.project import read_op
from proven import build

EXTRACTED = [
    {"old_name": "alpha_tf", "new_name": "alpha", "type": "f"},
    {"old_name": "axes", "new_name": "axes", "type": "list.i"},
]
CONFIG: dict[str, Any] = {
    "mo_caffe_extractor": {
        "op": "Power",
        "pythonic": False,
        "param_name": "power_param",
        "allCopy": False,
        "rename": True,
        "flatten": False,
        "omitDefault": False,
        "params": [
            {"old_name": "scale", "new_name": "alpha"},
            {"old_name": "not_there", "new_name": "mode", "default": "m"},
        ],
    },
    "mo_mxnet_extractor": {
        "op": "scaled_cosh",
        "custom": False,
        "allCopy": True,
        "rename": True,
        "omitDefault": False,
        "params": [{"old_name": "a", "new_name": "alpha"}],
    },
    "mo_tf_extractor": {
        "op": "ScaledCosh",
        "op_class_name": "",
        "op_class_path": "",
        "all_copy": False,
        "params": [*EXTRACTED, {"old_name": "mode", "new_name": "mode", "type": "s", "default": "m"}],
    },
    "mo_onnx_extractor": {
        "op": "ScaledCosh",
        "params": [
            {"old_name": "alpha", "new_name": "alpha", "type": "f", "default": 0.5},
            {"old_name": "axes", "new_name": "axes", "type": "list.i"},
        ],
    },
    "mo_op": {
        "op": "ScaledCosh",
        "pythonic": False,
        "change_shape": False,
        "has_infer": False,
        "supported_attrs": ["alpha", "axes", "mode", "hidden"],
        "internal_attrs": ["hidden"],
    },
    "ie_op": [
        {
            "op": "ScaledCosh",
            "plugin": "cpu",
            "pythonic": False,
            "params": [
                {"name": "alpha", "type": "float", "default": "0.25"},
                {"name": "axes", "type": "listint", "default": "3,4"},
                {"name": "mode", "type": "string", "default": "m"},
                {"name": "fast", "type": "bool", "default": "1"},
            ],
        },
        {"op": "ScaledCosh", "plugin": "cldnn", "params": [{"name": "alpha", "type": "float", "default": "0.25"}]},
    ],
}


def generate(folder: Path, config: dict[str, Any]) -> Path:
    """The tree that is generated for the configuration."""
    (folder / "config.json").write_text(json.dumps(config))
    done = run_ovext("new", "--legacy", "--from", "config.json", "--output_dir", "tree", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "tree"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of the generator for CONFIG. Not to be changed."""
    return generate(tmp_path_factory.mktemp("legacy"), CONFIG)


def test_the_tree_is_the_old_one(tree: Path) -> None:
    files = {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()}
    mo, ie = "user_mo_extensions", "user_ie_extensions"
    assert {f"{mo}/front/{front}/__init__.py" for front in ("caffe", "mxnet", "tf")} <= files
    extractors = {"caffe/power", "mxnet/scaled_cosh", "onnx/scaledcosh", "tf/scaledcosh"}
    assert {f"{mo}/front/{name}_ext.py" for name in extractors} <= files
    assert f"{mo}/ops/scaledcosh.py" in files
    assert {f"{ie}/gpu/scaledcosh_kernel.{end}" for end in ("cl", "xml")} <= files
    assert f"{ie}/cpu/ops/scaled_cosh/op.toml" in files


def test_each_section_keeps_its_own_parameters(tree: Path) -> None:
    """The old tool had one table for all: MXNet's allCopy set TensorFlow's, and MXNet was never written."""
    front = tree / "user_mo_extensions" / "front"
    assert "attrs = {}" in (front / "tf" / "scaledcosh_ext.py").read_text()
    mxnet = (front / "mxnet" / "scaled_cosh_ext.py").read_text()
    assert "attrs = dict(given)" in mxnet
    assert 'attrs["alpha"] = given["a"]' in mxnet


def test_a_gpu_layer_has_its_defines_and_is_healthy(tree: Path, ovext: Ovext) -> None:
    """The old tool wrote a layer without defines, with the output at a port that the plugin refuses."""
    layer = tree / "user_ie_extensions" / "gpu" / "scaledcosh_kernel.xml"
    assert '<Define name="ALPHA" param="alpha" type="float" default="0.25"/>' in layer.read_text()
    assert "0 errors, 0 warnings" in ovext("gpu", "check", layer, "--no-compile").stdout


@pytest.fixture(scope="module")
def cpu_extension(tree: Path) -> Built:
    return build(tree / "user_ie_extensions" / "cpu", library="user")


def test_the_cpu_project_builds_and_passes(cpu_extension: Built, ovext: Ovext) -> None:
    assert cpu_extension.library.name == "libuser_cpu_extension.so"
    op = read_op(cpu_extension.project / "ops" / "scaled_cosh")
    assert op.defaults() == {"alpha": 0.25, "axes": [3, 4], "mode": "m", "fast": True}
    done = ovext(
        *("test", cpu_extension.project, "--library", cpu_extension.library, "--isa", "sse42", "--examples", "5"),
        cwd=cpu_extension.project,
    )
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="session")
def model_optimizer() -> Path:
    """The command folder of an environment with Model Optimizer 2023.3 and the frameworks that it needs."""
    need(sys.version_info[:2] in {(3, 10), (3, 11)}, "Python 3.10 or 3.11, for which there is openvino-dev 2023.3")
    folder = ROOT / "build" / "test-roots" / f"mo-{sys.version_info.minor}"
    if not (folder / "complete").is_file():
        packages = ["openvino-dev[caffe,onnx]==2023.3.0", "tensorflow-cpu==2.14.1", "numpy<1.26", "protobuf<3.21"]
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(folder)],
            [str(folder / "bin" / "pip"), "install", "--quiet", *packages, "setuptools<80"],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            need(done.returncode == 0, f"Model Optimizer 2023.3: {done.stderr[-300:]}")
        (folder / "complete").touch()
    return folder / "bin"


MODELS = {
    "caffe": ["--input_model", "model.caffemodel", "--input_proto", "model.prototxt", "--framework", "caffe"],
    "onnx": ["--input_model", "model.onnx"],
    "tf": ["--input_model", "model.pb"],
}
EXPECTED = {
    "caffe": {"alpha": 0.75, "axes": [3, 4], "mode": "m", "fast": True},
    "onnx": {"alpha": 0.75, "axes": [1, 2], "mode": "m", "fast": True},
    "tf": {"alpha": 0.75, "axes": [1, 2], "mode": "m", "fast": True},
}


@pytest.mark.parametrize("framework", MODELS)
def test_extractors_run_in_model_optimizer(
    model_optimizer: Path, tree: Path, cpu_extension: Built, tmp_path: Path, framework: str
) -> None:
    """The IR that it writes can be read with the CPU extension, has the attributes, and can be computed."""
    script = Path(__file__).with_name("model_optimizer.py")
    made = [str(model_optimizer / "python"), str(script), framework, str(tmp_path)]
    done = subprocess.run(made, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    command = [str(model_optimizer / "mo"), *MODELS[framework], "--extensions", str(tree / "user_mo_extensions")]
    done = subprocess.run([*command, "--output_dir", "ir"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    core = ov.Core()
    core.add_extension(cpu_extension.library)
    model = core.read_model(tmp_path / "ir" / "model.xml")
    op = next(op for op in model.get_ops() if op.get_type_name() == "ScaledCosh")
    assert op.get_attributes() == EXPECTED[framework]
    data = np.array([[1, -2, 3]], np.float32)
    assert np.array_equal(core.compile_model(model, "CPU")(data)[0], data)


def test_stock_model_optimizer_refuses_without_the_kept_ir(model_optimizer: Path, tree: Path, tmp_path: Path) -> None:
    """This is why keep_unknown_ops.py exists."""
    extensions = shutil.copytree(tree / "user_mo_extensions", tmp_path / "extensions")
    (extensions / "ops" / "keep_unknown_ops.py").unlink()
    script = Path(__file__).with_name("model_optimizer.py")
    subprocess.run([str(model_optimizer / "python"), str(script), "onnx", str(tmp_path)], check=True)
    command = [str(model_optimizer / "mo"), *MODELS["onnx"], "--extensions", str(extensions)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "from unsupported opset: extension" in done.stdout + done.stderr


def test_an_old_configuration_becomes_a_project(ovext: Ovext, tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text(json.dumps(CONFIG))
    done = ovext("new", "my_ops", "--from", "old.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    op = read_op(tmp_path / "my_ops" / "ops" / "scaled_cosh")
    assert (op.type, op.opset) == ("ScaledCosh", "my_ops")
    assert op.frameworks.tensorflow is not None
    assert op.frameworks.tensorflow.attributes == {"alpha": "alpha_tf"}


def test_cpu_ops_alone_make_one_project(tmp_path: Path) -> None:
    ops = [{"op": name, "plugin": "cpu", "params": [{"name": "slope", "type": "float"}]} for name in ("One", "Two")]
    tree = generate(tmp_path, {"ie_op": ops})
    lists = (tree / "user_ie_extensions" / "cpu" / "CMakeLists.txt").read_text()
    assert "OPS one two)" in lists


def test_a_pythonic_layer_names_its_module(tmp_path: Path) -> None:
    caffe = {"op": "Layer", "pythonic": True, "module": "my_layers", "params": []}
    op = {"op": "my.Layer", "pythonic": True, "change_shape": True, "has_infer": True}
    tree = generate(tmp_path, {"mo_caffe_extractor": caffe, "mo_op": op}) / "user_mo_extensions"
    assert 'op = "my_layers.Layer"' in (tree / "front" / "caffe" / "layer_ext.py").read_text()
    text = (tree / "ops" / "my_layer.py").read_text()
    assert "class my_LayerPythonOp(Op)" in text
    assert "def infer(node: Node)" in text


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"mo_opp": {}}, "mo_opp: unknown key (did you mean 'mo_op'?)"),
        ({"mo_op": {"opp": "A"}}, "mo_op.op: the key is missing"),
        ({"mo_op": {"op": "a b"}}, "'a b' is no name of a layer"),
        ({"mo_op": {"op": "../a"}}, "'../a' is no name of a layer"),
        ({"mo_op": {"op": "class"}}, "'class' is no name of a layer"),
        ({"mo_op": {"op": "A", "supported_attrs": ["x.y"]}}, "'x.y' is no name of an attribute"),
        ({"ie_op": {"op": "A", "params": [{"name": "n", "type": "int", "default": "x"}]}}, "invalid literal for int()"),
    ],
)
def test_wrong_configurations_are_told(ovext: Ovext, tmp_path: Path, change: dict[str, Any], told: str) -> None:
    (tmp_path / "old.json").write_text(json.dumps({**CONFIG, **change}))
    done = ovext("new", "--legacy", "--from", "old.json", cwd=tmp_path)
    assert done.returncode == ExitCode.PROJECT
    assert told in done.stderr
    assert not (tmp_path / "user_mo_extensions").exists()


def test_flags_need_somebody_to_ask(ovext: Ovext, tmp_path: Path) -> None:
    done = ovext("new", "--mo-op", "--ie-cpu-ext", cwd=tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert "without a terminal nothing can be asked" in done.stderr


def test_nothing_is_overwritten(ovext: Ovext, tmp_path: Path) -> None:
    tree = generate(tmp_path, CONFIG)
    own = tree / "user_mo_extensions" / "ops" / "scaledcosh.py"
    own.write_text("# mine\n")
    done = ovext("new", "--legacy", "--from", "config.json", "--output_dir", "tree", cwd=tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert re.search(r"ops/scaledcosh\.py", done.stderr)
    assert own.read_text() == "# mine\n"
