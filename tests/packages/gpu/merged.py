"""Compiles models for the GPU with the layers of several libraries in one file; prints the results as JSON.

Standard input: {"libraries": output folders of builds, in the order in which they are registered}. The models have one
op each, Kept and CustomReLU, and 5 as the input.
"""

import json
import sys

import numpy as np
import openvino as ov

import ovext
from ovext.models.ir import TensorType, one_op_model

libraries = json.load(sys.stdin)["libraries"]
core = ov.Core()
for library in libraries:
    ovext.load(core, library)
core.set_property("GPU", ovext.gpu_config(*libraries))


def value_of(op: str, opset: str, element: str, attributes: dict[str, str]) -> float:
    model = one_op_model(op, opset, [TensorType(element, (1, 2, 3, 4))], attributes)
    compiled = core.compile_model(core.read_model(model.encode(), b""), "GPU")
    return float(compiled(np.full((1, 2, 3, 4), 5, getattr(ov.Type, element).to_dtype()))[0].flat[0])


relu = value_of("CustomReLU", "opset1", "f32", {"negative_slope": "0"})
print(json.dumps({"CustomReLU": relu, "Kept": value_of("Kept", "gpu_ops", "f64", {})}))
