"""docs/guide.md, step by step: every ovext command and every file change in it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import onnx
import openvino as ov

from helpers import ROOT, Ovext

STEP = re.compile(
    r"^    (?P<command>ovext (?:new|test|sync|build|wheel) [^\n]+)$"
    r"|`(?P<file>my_ops/[\w/.]+)`, instead of `(?P<old>[^`]+)`:\n\n```\w+\n(?P<new>.*?)```",
    re.MULTILINE | re.DOTALL,
)


def write_model(path: Path) -> None:
    values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [3]) for name in ("x", "y")]
    node = onnx.helper.make_node("ScaledSoftsign", ["x"], ["y"], domain="my.domain", alpha=2.0)
    graph = onnx.helper.make_graph([node], "graph", values[:1], values[1:])
    opsets = [onnx.helper.make_opsetid("", 13), onnx.helper.make_opsetid("my.domain", 1)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opsets), path)


def test_the_guide_works_as_it_is_written(ovext: Ovext, tmp_path: Path) -> None:
    commands = 0
    text = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8").replace(",\n`my_ops", ", `my_ops")
    for step in STEP.finditer(text):
        if step["command"]:
            done = ovext(*shlex.split(step["command"])[1:], cwd=tmp_path)
            assert done.returncode == 0, f"{step['command']}\n{done.stdout}\n{done.stderr}"
            commands += 1
        else:
            file = tmp_path / step["file"]
            changed = file.read_text()
            assert step["old"] in changed, step["file"]
            file.write_text(changed.replace(step["old"], step["new"].strip(), 1))
    assert commands == 8
    kernel = (tmp_path / "my_ops" / "ops" / "scaled_softsign" / "kernel.cpp").read_text()
    assert "magnitude" in kernel

    assert len(list((tmp_path / "dist").glob("my_ops-0.1.0-py3-none-manylinux_*.whl"))) == 1
    write_model(tmp_path / "model.onnx")
    core = ov.Core()
    core.add_extension(tmp_path / "lib" / "ubuntu22" / "libmy_ops_cpu_extension.so")
    data = np.array([-1, 0, 3], np.float32)
    result = core.compile_model(core.read_model(tmp_path / "model.onnx"), "CPU")(data)[0]
    assert np.allclose(result, 2 * data / (1 + np.abs(data)))
