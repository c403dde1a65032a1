"""A frozen graph of TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.proto.types_pb2 import DataType

from ovext.worker.models import named

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# TensorFlow's names of element types.
_NAMES = {
    "f32": "DT_FLOAT",
    "f16": "DT_HALF",
    "bf16": "DT_BFLOAT16",
    "f64": "DT_DOUBLE",
    "boolean": "DT_BOOL",
    "string": "DT_STRING",
    **{f"i{bits}": f"DT_INT{bits}" for bits in (8, 16, 32, 64)},
    **{f"u{bits}": f"DT_UINT{bits}" for bits in (8, 16, 32, 64)},
}


def made(request: dict[str, Any], folder: Path) -> Path:
    graph = GraphDef()
    names = [f"in{number}" for number in range(len(request["shapes"]))]
    for name, kind, shape in zip(names, request["input_types"], request["shapes"], strict=True):
        node = graph.node.add(name=name, op="Placeholder")
        node.attr["dtype"].type = _type(kind)
        node.attr["shape"].shape.CopyFrom(_shape(shape))
    node = graph.node.add(name="node", op=request["name"], input=names)
    for one in request["attributes"]:
        if one["value"] is not None:
            node.attr[one["name"]].CopyFrom(_attribute(one))
    path = folder / "model.pb"
    path.write_bytes(graph.SerializeToString())
    return path


def _type(name: str) -> int:
    return int(DataType.Value(named(_NAMES, name)))


def _shape(sizes: Sequence[int]) -> Any:
    return TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in sizes])


def _attribute(attribute: dict[str, Any]) -> Any:
    value = attribute["value"]
    if attribute["type"] == "type":
        return AttrValue(type=_type(value))
    if attribute["type"] in {"shape", "partial_shape"}:
        return AttrValue(shape=_shape(value))
    field = {"bool": "b", "int": "i", "float": "f", "string": "s"}[attribute["kind"]]
    values = [one.encode() if isinstance(one, str) else one for one in (value if attribute["is_list"] else [value])]
    if attribute["is_list"]:
        return AttrValue(list=AttrValue.ListValue(**{field: values}))
    return AttrValue(**{field: values[0]})
