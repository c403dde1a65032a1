"""Runs one op with a GPU layer on the plugin and prints how that went, as JSON. Read by tests/gpu/test_traps.py.

The op copies the part of its first input that has the shape of its output, times its attribute `factor` if it has one.
"""

import json
import sys
from typing import Any

import numpy as np
import openvino as ov

request = json.load(sys.stdin)


class Copy(ov.Op):  # type: ignore[misc]
    def __init__(self, inputs: Any = None) -> None:
        super().__init__(self, inputs) if inputs is not None else super().__init__(self)
        if inputs is not None:
            self.constructor_validate_and_infer_types()

    def validate_and_infer_types(self) -> None:
        for number, shape in enumerate(request["outputs"]):
            known = self.get_input_partial_shape(0).is_static
            self.set_output_type(
                number, self.get_input_element_type(0), ov.PartialShape(shape if known else [-1] * len(shape))
            )

    def clone_with_new_inputs(self, inputs: Any) -> Any:
        return Copy(inputs)

    def visit_attributes(self, visitor: Any) -> bool:
        visitor.on_attributes(dict(request["attributes"]))
        return True


Copy.__name__ = request["op"]  # which is its type


def main() -> dict[str, Any]:
    shapes = [[-1] * len(shape) if request["dynamic"] else shape for shape in request["inputs"]]
    parameters = [ov.opset13.parameter(shape, np.float32) for shape in shapes]
    sources = [parameters[0]] * len(parameters) if request["same_source"] else parameters
    own = request["op"] == "Relu" or request["op"] == "ReLU"
    node = ov.opset13.relu(parameters[0]) if own else Copy([source.output(0) for source in sources])
    model = ov.Model(node.outputs(), parameters, "trap")
    core = ov.Core()
    core.set_property("GPU", {"CONFIG_FILE": request["xml"]})
    compiled = core.compile_model(model, "GPU", {"INFERENCE_PRECISION_HINT": request["hint"]})
    values = [np.random.default_rng(0).uniform(1, 2, shape).astype(np.float32) for shape in request["inputs"]]
    result = compiled(values)[0]
    expected = values[0][tuple(slice(0, size) for size in request["outputs"][0])]
    expected = expected * request["attributes"].get("factor", 1.0) * request["scale"]
    kinds = [node.get_rt_info()["layerType"].astype(str) for node in compiled.get_runtime_model().get_ops()]
    agrees = result.shape == expected.shape and bool(np.allclose(result, expected, rtol=5e-3))
    return {"agrees": agrees, "custom": "CustomGPUPrimitive" in kinds}


try:
    answer = main()
except RuntimeError as error:
    answer = {"error": str(error)}
print(json.dumps(answer))
