"""Loads XMLs of GPU layers and infers a model with each; read by tests/gpu/test_mutations.py.

Standard input: JSON, {"files": paths of XMLs}. Standard output: for each file its number, then a line of JSON: whether
the result is right, or the error. A file that ends the process is the last whose number is written.
"""

import json
import sys
from typing import Any

import numpy as np
import openvino as ov


class Copy(ov.Op):  # type: ignore[misc]
    def __init__(self, inputs: Any = None) -> None:
        super().__init__(self, inputs) if inputs is not None else super().__init__(self)
        if inputs is not None:
            self.constructor_validate_and_infer_types()

    def validate_and_infer_types(self) -> None:
        self.set_output_type(0, self.get_input_element_type(0), self.get_input_partial_shape(0))

    def clone_with_new_inputs(self, inputs: Any) -> Any:
        return Copy(inputs)

    def visit_attributes(self, visitor: Any) -> bool:
        del visitor
        return True


VALUES = np.random.default_rng(0).uniform(1, 2, (2, 3, 5, 7)).astype(np.float32)


def infer(file: str) -> dict[str, Any]:
    parameter = ov.opset13.parameter(VALUES.shape, np.float32)
    model = ov.Model(Copy([parameter.output(0)]).outputs(), [parameter], "mutation")
    core = ov.Core()
    try:
        core.set_property("GPU", {"CONFIG_FILE": file})
        compiled = core.compile_model(model, "GPU", {"INFERENCE_PRECISION_HINT": "f32"})
        return {"is_right": bool(np.array_equal(compiled([VALUES])[0], VALUES))}
    except RuntimeError as error:
        return {"error": str(error)}


for number, file in enumerate(json.load(sys.stdin)["files"]):
    print(number, flush=True)
    print(json.dumps(infer(file)), flush=True)
