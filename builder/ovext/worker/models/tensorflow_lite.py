"""A model of TensorFlow Lite with one custom op."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flatbuffers
import tflite
from flatbuffers import flexbuffers

from ovext.worker.models import named

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

# Its names of element types.
_NAMES = {
    "f32": "FLOAT32",
    "f16": "FLOAT16",
    "bf16": "BFLOAT16",
    "f64": "FLOAT64",
    "boolean": "BOOL",
    **{f"i{bits}": f"INT{bits}" for bits in (8, 16, 32, 64)},
    **{f"u{bits}": f"UINT{bits}" for bits in (8, 16, 32, 64)},
}


def made(request: dict[str, Any], folder: Path) -> Path:
    """The options are written as by TensorFlow's converter. Outputs have no sizes: OpenVINO does not look at them."""
    builder = flatbuffers.Builder(1024)
    types = [getattr(tflite.TensorType, named(_NAMES, kind)) for kind in request["input_types"]]
    names = [f"in{number}" for number in range(len(types))]
    inputs = [_tensor(builder, *one) for one in zip(names, types, request["shapes"], strict=True)]
    outputs = [_tensor(builder, name, tflite.TensorType.FLOAT32, []) for name in request["outputs"]]
    options = {one["name"]: one["value"] for one in request["attributes"] if one["value"] is not None}
    places = (range(len(inputs)), range(len(inputs), len(inputs) + len(outputs)))
    graph = _graph(builder, [*inputs, *outputs], places, _operator(builder, places, options))
    code = _code(builder, request["name"])
    tflite.BufferStart(builder)
    buffer = tflite.BufferEnd(builder)
    graphs = _vector(builder, tflite.ModelStartSubgraphsVector, [graph])
    codes = _vector(builder, tflite.ModelStartOperatorCodesVector, [code])
    buffers = _vector(builder, tflite.ModelStartBuffersVector, [buffer])
    tflite.ModelStart(builder)
    tflite.ModelAddVersion(builder, 3)
    tflite.ModelAddOperatorCodes(builder, codes)
    tflite.ModelAddSubgraphs(builder, graphs)
    tflite.ModelAddBuffers(builder, buffers)
    builder.Finish(tflite.ModelEnd(builder), b"TFL3")
    path = folder / "model.tflite"
    path.write_bytes(builder.Output())
    return path


def _packed(options: dict[str, Any]) -> bytes:
    builder = flexbuffers.Builder()
    with builder.Map():
        for name, value in options.items():
            builder.Key(name)
            builder.Add(value)
    return bytes(builder.Finish())


def _vector(builder: flatbuffers.Builder, start: Callable[..., Any], offsets: Sequence[int]) -> int:
    start(builder, len(offsets))
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _numbers(builder: flatbuffers.Builder, start: Callable[..., Any], numbers: Sequence[int]) -> int:
    start(builder, len(numbers))
    for number in reversed(numbers):
        builder.PrependInt32(number)
    return int(builder.EndVector())


def _tensor(builder: flatbuffers.Builder, name: str, kind: int, shape: Sequence[int]) -> int:
    text = builder.CreateString(name)
    sizes = _numbers(builder, tflite.TensorStartShapeVector, shape)
    tflite.TensorStart(builder)
    tflite.TensorAddShape(builder, sizes)
    tflite.TensorAddType(builder, kind)
    tflite.TensorAddBuffer(builder, 0)
    tflite.TensorAddName(builder, text)
    return int(tflite.TensorEnd(builder))


def _operator(builder: flatbuffers.Builder, places: tuple[range, range], options: dict[str, Any]) -> int:
    packed = builder.CreateByteVector(_packed(options))
    inputs = _numbers(builder, tflite.OperatorStartInputsVector, places[0])
    outputs = _numbers(builder, tflite.OperatorStartOutputsVector, places[1])
    tflite.OperatorStart(builder)
    tflite.OperatorAddOpcodeIndex(builder, 0)
    tflite.OperatorAddInputs(builder, inputs)
    tflite.OperatorAddOutputs(builder, outputs)
    tflite.OperatorAddCustomOptions(builder, packed)
    return int(tflite.OperatorEnd(builder))


def _graph(builder: flatbuffers.Builder, tensors: Sequence[int], places: tuple[range, range], operator: int) -> int:
    name = builder.CreateString("main")
    all_tensors = _vector(builder, tflite.SubGraphStartTensorsVector, tensors)
    operators = _vector(builder, tflite.SubGraphStartOperatorsVector, [operator])
    inputs = _numbers(builder, tflite.SubGraphStartInputsVector, places[0])
    outputs = _numbers(builder, tflite.SubGraphStartOutputsVector, places[1])
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddTensors(builder, all_tensors)
    tflite.SubGraphAddInputs(builder, inputs)
    tflite.SubGraphAddOutputs(builder, outputs)
    tflite.SubGraphAddOperators(builder, operators)
    tflite.SubGraphAddName(builder, name)
    return int(tflite.SubGraphEnd(builder))


def _code(builder: flatbuffers.Builder, op: str) -> int:
    name = builder.CreateString(op)
    tflite.OperatorCodeStart(builder)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(builder, tflite.BuiltinOperator.CUSTOM)
    tflite.OperatorCodeAddBuiltinCode(builder, tflite.BuiltinOperator.CUSTOM)
    tflite.OperatorCodeAddCustomCode(builder, name)
    tflite.OperatorCodeAddVersion(builder, 1)
    return int(tflite.OperatorCodeEnd(builder))
