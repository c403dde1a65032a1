"""The attributes that OpenVINO reads for an op from models of ONNX."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from ovext.worker.phases import Phases
from ovext.worker.tasks.cpu import attributes_of, core_with

# ONNX's names of element types.
_NAMES = {
    "f32": "FLOAT",
    "f16": "FLOAT16",
    "bf16": "BFLOAT16",
    "f64": "DOUBLE",
    "boolean": "BOOL",
    **{f"i{bits}": f"INT{bits}" for bits in (8, 16, 32, 64)},
    **{f"u{bits}": f"UINT{bits}" for bits in (8, 16, 32, 64)},
}


def attributes(request: dict[str, Any]) -> dict[str, Any]:
    """The attributes of the op in each of the request's `models`, whose own have ONNX's names.

    Without the package onnx, there is only `missing`.
    """
    try:
        import onnx  # noqa: PLC0415  the user may not have it
    except ImportError:
        return {"missing": "onnx"}
    say = Phases(request)
    core = core_with(request["library"])
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.onnx")
        for model in request["models"]:
            say(f"reading a model of ONNX with {model['attributes']}")
            try:
                onnx.save(_model(onnx, request, model), path)
                found.append({"read": attributes_of(core.read_model(path), request["type"])})
            except (RuntimeError, ValueError, TypeError, KeyError) as error:
                found.append({"problem": _in_short(str(error))})
    return {"found": found}


def _in_short(text: str) -> str:
    """What OpenVINO says of the node, without its report on the whole model."""
    told = text.partition("with a message:")[2].partition("Summary:")[0] or text
    return " ".join(told.split())


def _model(onnx: Any, request: dict[str, Any], model: dict[str, Any]) -> Any:
    helper, mapping = onnx.helper, dict(request["mapping"])
    types = [getattr(onnx.TensorProto, _NAMES[one]) for one in request["input_types"]]
    inputs = [
        helper.make_tensor_value_info(f"in{number}", kind, shape)
        for number, (kind, shape) in enumerate(zip(types, model["shapes"], strict=True))
    ]
    outputs = [helper.make_empty_tensor_value_info(f"out{number}") for number in range(request["outputs"])]
    names = [[one.name for one in side] for side in (inputs, outputs)]
    node = helper.make_node(mapping["type"], *names, domain=mapping["domain"])
    kinds = model["kinds"]
    node.attribute.extend(_attribute(onnx, name, value, kinds[name]) for name, value in model["attributes"].items())
    opsets = {"": 13, **({mapping["domain"]: 1} if mapping["domain"] else {})}
    graph = helper.make_graph([node], "graph", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid(*one) for one in opsets.items()], ir_version=8)


def _attribute(onnx: Any, name: str, value: Any, kind: str) -> Any:
    """An attribute of ONNX, which has no booleans; `kind` is bool, int, float or string."""
    one = {"float": "FLOAT", "string": "STRING"}.get(kind, "INT")
    if isinstance(value, list):
        return onnx.helper.make_attribute(name, value, attr_type=getattr(onnx.AttributeProto, f"{one}S"))
    return onnx.helper.make_attribute(name, int(value) if isinstance(value, bool) else value)
