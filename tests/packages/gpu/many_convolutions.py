"""Compiles a chain of convolutions with ReLUs between them for the GPU, with the layers of an XML; prints how it went.

Arguments: the XML, and how many convolutions.
"""

import json
import sys

import numpy as np
import openvino as ov
from openvino import opset13 as ops


def model(convolutions: int) -> ov.Model:
    image = ops.parameter([1, 64, 14, 14], np.float32)
    weights = np.full((64, 64, 3, 3), 0.01, np.float32)
    node = image
    for _ in range(convolutions):
        node = ops.relu(ops.convolution(node, weights, [1, 1], [1, 1], [1, 1], [1, 1]))
    return ov.Model([node], [image], "chain")


core = ov.Core()
core.set_property("GPU", {"CONFIG_FILE": sys.argv[1]})
try:
    core.compile_model(model(int(sys.argv[2])), "GPU", {"INFERENCE_PRECISION_HINT": "f32"})
    print(json.dumps({}))
except RuntimeError as error:
    print(json.dumps({"error": str(error)}))
