"""The sub-graph replacement of docs/frameworks.md: two nodes of a TensorFlow model become one op."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import openvino as ov
import pytest

from helpers import ROOT, Built, need, run_ovext
from proven import build


@pytest.fixture(scope="module")
def fusion(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("fusion")
    done = run_ovext("new", "fusion", "--op", "FusedSiLU", "--input", "data:f32", cwd=folder)
    assert done.returncode == 0, done.stderr
    op = folder / "fusion" / "ops" / "fused_silu"
    page = (ROOT / "docs" / "frameworks.md").read_text(encoding="utf-8")
    header = re.search(r"```cpp\n(// x \* Sigmoid.*?)```", page, re.DOTALL)
    line = re.search(r"in extensions\(\) of op\.cpp `([^`]+)`", page)
    assert header
    assert line
    (op / "fuse.hpp").write_text(header[1])
    source = (op / "op.cpp").read_text()
    source = '#include "ops/fused_silu/fuse.hpp"\n' + source
    (op / "op.cpp").write_text(source.replace("    return all;", f"    {line[1]}\n    return all;"))
    kernel = (op / "kernel.cpp").read_text()
    (op / "kernel.cpp").write_text(kernel.replace("return data;", "return data / (T(1) + __builtin_expf(-data));"))
    return build(folder / "fusion")


@pytest.mark.parametrize("factors", [["s", "x"], ["x", "s"], ["s", "s"]])
def test_the_nodes_become_one_op(fusion: Built, tmp_path: Path, factors: list[str]) -> None:
    need(find_spec("tensorboard") is not None, "the package tensorboard")
    graph_pb2, types_pb2 = (import_module(f"tensorboard.compat.proto.{name}_pb2") for name in ("graph", "types"))
    graph = graph_pb2.GraphDef()
    placeholder = graph.node.add(name="x", op="Placeholder")
    placeholder.attr["dtype"].type = types_pb2.DT_FLOAT
    placeholder.attr["shape"].shape.dim.add(size=3)
    graph.node.add(name="s", op="Sigmoid", input=["x"]).attr["T"].type = types_pb2.DT_FLOAT
    graph.node.add(name="y", op="Mul", input=factors).attr["T"].type = types_pb2.DT_FLOAT
    path = tmp_path / "model.pb"
    path.write_bytes(graph.SerializeToString())
    core = ov.Core()
    core.add_extension(fusion.library)
    model = core.read_model(path)
    types = {op.get_type_name() for op in model.get_ops()}
    is_silu = factors != ["s", "s"]
    assert ("FusedSiLU" in types) == is_silu
    assert ("Sigmoid" in types) != is_silu
    data = np.array([-1, 2, 3], np.float32)
    sigmoid = 1 / (1 + np.exp(-data))
    expected = data * sigmoid if is_silu else sigmoid * sigmoid
    assert np.allclose(core.compile_model(model, "CPU")(data)[0], expected, atol=1e-6)
