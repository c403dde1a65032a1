"""Names that an op must not have: OpenVINO's CPU plugin takes an op of such a name for its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ovext.errors import ProjectError
from ovext.project import described
from ovext.targets.plugin_types import TAKEN_BY_CPU_PLUGIN, TAKEN_WITH_ONE_INPUT

# Its arguments are the name of an op, and the number of its inputs; each of its outputs is 42.
PROGRAM = """\
import os
import sys

import numpy as np
import openvino as ov


def evaluate(self, outputs, inputs):
    outputs[0].data[...] = 42
    return True


def infer(self):
    self.set_output_type(0, self.get_input_element_type(0), self.get_input_partial_shape(0))


methods = {
    "__init__": lambda self, inputs: super(Op, self).__init__(self, inputs),
    "validate_and_infer_types": infer,
    "clone_with_new_inputs": lambda self, inputs: Op(inputs),
    "evaluate": evaluate,
    "has_evaluate": lambda self: True,
}
Op = type(sys.argv[1], (ov.Op,), methods)
parameters = [ov.opset13.parameter([1, 3, 4, 4], ov.Type.f32) for _ in range(int(sys.argv[2]))]
compiled = ov.Core().compile_model(ov.Model([Op(parameters)], parameters), "CPU")
result = compiled([np.ones((1, 3, 4, 4), np.float32)] * len(parameters))[0]
print("computed", set(result.flat) == {42.0}, flush=True)
os._exit(0)
"""


def said_of(name: str, inputs: int) -> str:
    arguments = [sys.executable, "-c", PROGRAM, name, str(inputs)]
    return subprocess.run(arguments, capture_output=True, text=True, check=False).stdout.strip()


@pytest.mark.parametrize("name", [*TAKEN_BY_CPU_PLUGIN, *TAKEN_WITH_ONE_INPUT])
def test_the_plugin_fails_with_each_of_the_names(name: str) -> None:
    assert said_of(name, 1) != "computed True"


@pytest.mark.parametrize("name", ["Foo", "Swish", "swish", "NMSRotated", "GridSample", "RMS"])
def test_the_plugin_computes_with_other_names_of_its_ops(name: str) -> None:
    assert said_of(name, 1) == "computed True"


@pytest.mark.parametrize("name", ["ROIAlignRotated", "RoIAlignRotated", "Subgraph", "If", "MatMul"])
def test_an_op_of_such_a_name_is_refused(name: str) -> None:
    data = {"schema": 1, "type": name, "opset": "o", "inputs": [{"name": "data", "types": ["f32"]}]}
    with pytest.raises(ProjectError, match=f"takes '{name}' for an op of its own"):
        described(data, lambda at: ".".join(map(str, at)))
