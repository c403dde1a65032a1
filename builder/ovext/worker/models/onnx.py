"""A model of ONNX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import onnx
from onnx import helper

from ovext.worker.models import as_list, named

if TYPE_CHECKING:
    from pathlib import Path

# ONNX's names of element types.
_NAMES = {
    "f32": "FLOAT",
    "f16": "FLOAT16",
    "bf16": "BFLOAT16",
    "f64": "DOUBLE",
    "boolean": "BOOL",
    "string": "STRING",
    **{f"i{bits}": f"INT{bits}" for bits in (8, 16, 32, 64)},
    **{f"u{bits}": f"UINT{bits}" for bits in (8, 16, 32, 64)},
}


def made(request: dict[str, Any], folder: Path) -> Path:
    types = [getattr(onnx.TensorProto, named(_NAMES, one)) for one in request["input_types"]]
    inputs = [
        helper.make_tensor_value_info(f"in{number}", kind, shape)
        for number, (kind, shape) in enumerate(zip(types, request["shapes"], strict=True))
    ]
    outputs = [helper.make_empty_tensor_value_info(f"out{number}") for number in range(len(request["outputs"]))]
    domain = request["domain"]
    given = [[""] if one is None else [inputs[each].name for each in as_list(one)] for one in request["arguments"]]
    names = [name for one in given for name in one], [one.name for one in outputs]
    node = helper.make_node(request["name"], names[0], names[1], domain=domain)
    node.attribute.extend(_attribute(one) for one in request["attributes"] if one["value"] is not None)
    opsets = {"": 13, **({domain: 1} if domain else {})}
    graph = helper.make_graph([node], "graph", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid(*one) for one in opsets.items()], ir_version=8)
    path = folder / "model.onnx"
    onnx.save(model, path)
    return path


def _attribute(attribute: dict[str, Any]) -> Any:
    """ONNX has no booleans."""
    name, value = attribute["name"], attribute["value"]
    one = {"float": "FLOAT", "string": "STRING"}.get(attribute["kind"], "INT")
    if attribute["is_list"]:
        return helper.make_attribute(name, value, attr_type=getattr(onnx.AttributeProto, f"{one}S"))
    return helper.make_attribute(name, int(value) if isinstance(value, bool) else value)
