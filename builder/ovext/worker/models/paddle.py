"""A program of PaddlePaddle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from paddle.base.proto import framework_pb2 as proto

from ovext.worker.models import as_list, named

if TYPE_CHECKING:
    from pathlib import Path

# PaddlePaddle's names of element types.
_NAMES = {
    "f32": "FP32",
    "f16": "FP16",
    "bf16": "BF16",
    "f64": "FP64",
    "boolean": "BOOL",
    "u8": "UINT8",
    **{f"i{bits}": f"INT{bits}" for bits in (16, 32, 64)},
    "i8": "INT8",
}


def made(request: dict[str, Any], folder: Path) -> Path:
    program = proto.ProgramDesc()
    program.version.version = 2006000  # OpenVINO takes 2.0.0 and newer
    block = program.blocks.add(idx=0, parent_idx=-1)
    inputs = [f"in{number}" for number in range(len(request["shapes"]))]
    outputs = [f"out_{name}" for name in request["outputs"]]
    types = [*request["input_types"], *["f32"] * len(outputs)]
    shapes = [*request["shapes"], *[[-1]] * len(outputs)]
    for name, kind, shape in zip([*inputs, *outputs], types, shapes, strict=True):
        variable = block.vars.add(name=name)
        variable.type.type = proto.VarType.DENSE_TENSOR
        variable.type.dense_tensor.tensor.data_type = proto.VarType.Type.Value(named(_NAMES, kind))
        variable.type.dense_tensor.tensor.dims.extend(shape)
    for name in inputs:
        block.ops.add(type="feed").outputs.add(parameter="Out", arguments=[name])
    node = block.ops.add(type=request["name"])
    for parameter, argument in zip(request["inputs"], request["arguments"], strict=True):
        node.inputs.add(parameter=parameter, arguments=[inputs[each] for each in as_list(argument)])
    for parameter, name in zip(request["outputs"], outputs, strict=True):
        node.outputs.add(parameter=parameter, arguments=[name])
    for one in request["attributes"]:
        if one["value"] is not None:
            _add(node, one)
    for name in outputs:
        block.ops.add(type="fetch").inputs.add(parameter="X", arguments=[name])
    path = folder / "model.pdmodel"
    path.write_bytes(program.SerializeToString())
    return path


def _add(node: Any, attribute: dict[str, Any]) -> None:
    """Whole numbers that fit are 32 bits wide, as PaddlePaddle writes them."""
    value, is_list = attribute["value"], attribute["is_list"]
    kind, field = {"bool": ("BOOLEAN", "b"), "int": ("INT", "i"), "float": ("FLOAT", "f"), "string": ("STRING", "s")}[
        attribute["kind"]
    ]
    if kind == "INT" and not all(-(2**31) <= one < 2**31 for one in (value if is_list else [value])):
        kind, field = "LONG", "l"
    if is_list:
        fields = {"i": "ints", "l": "longs", "f": "floats", "s": "strings"}
        added = node.attrs.add(name=attribute["name"], type=proto.AttrType.Value(f"{kind}S"))
        getattr(added, fields[field]).extend(value)
    else:
        setattr(node.attrs.add(name=attribute["name"], type=proto.AttrType.Value(kind)), field, value)
