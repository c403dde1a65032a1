"""A TensorFlow Lite model of one custom op, made without TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flatbuffers
import tflite
from flatbuffers import flexbuffers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def custom_op_model(op: str, shape: Sequence[int], **options: Any) -> bytes:
    """From `x` to `y`, both f32 with the same shape. The options are written as by TensorFlow's converter."""
    builder = flatbuffers.Builder(1024)
    strings = {text: builder.CreateString(text) for text in ("x", "y", "main", op)}
    packed = builder.CreateByteVector(_packed(options))
    tensors = [_tensor(builder, strings[name], shape) for name in ("x", "y")]
    operator = _operator(builder, packed)
    graph = _graph(builder, strings["main"], tensors, operator)
    code = _code(builder, strings[op])
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
    return bytes(builder.Output())


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


def _tensor(builder: flatbuffers.Builder, name: int, shape: Sequence[int]) -> int:
    sizes = _numbers(builder, tflite.TensorStartShapeVector, shape)
    tflite.TensorStart(builder)
    tflite.TensorAddShape(builder, sizes)
    tflite.TensorAddType(builder, tflite.TensorType.FLOAT32)
    tflite.TensorAddBuffer(builder, 0)
    tflite.TensorAddName(builder, name)
    return int(tflite.TensorEnd(builder))


def _operator(builder: flatbuffers.Builder, options: int) -> int:
    inputs = _numbers(builder, tflite.OperatorStartInputsVector, [0])
    outputs = _numbers(builder, tflite.OperatorStartOutputsVector, [1])
    tflite.OperatorStart(builder)
    tflite.OperatorAddOpcodeIndex(builder, 0)
    tflite.OperatorAddInputs(builder, inputs)
    tflite.OperatorAddOutputs(builder, outputs)
    tflite.OperatorAddCustomOptions(builder, options)
    return int(tflite.OperatorEnd(builder))


def _graph(builder: flatbuffers.Builder, name: int, tensors: Sequence[int], operator: int) -> int:
    all_tensors = _vector(builder, tflite.SubGraphStartTensorsVector, tensors)
    operators = _vector(builder, tflite.SubGraphStartOperatorsVector, [operator])
    inputs = _numbers(builder, tflite.SubGraphStartInputsVector, [0])
    outputs = _numbers(builder, tflite.SubGraphStartOutputsVector, [1])
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddTensors(builder, all_tensors)
    tflite.SubGraphAddInputs(builder, inputs)
    tflite.SubGraphAddOutputs(builder, outputs)
    tflite.SubGraphAddOperators(builder, operators)
    tflite.SubGraphAddName(builder, name)
    return int(tflite.SubGraphEnd(builder))


def _code(builder: flatbuffers.Builder, op: int) -> int:
    tflite.OperatorCodeStart(builder)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(builder, tflite.BuiltinOperator.CUSTOM)
    tflite.OperatorCodeAddBuiltinCode(builder, tflite.BuiltinOperator.CUSTOM)
    tflite.OperatorCodeAddCustomCode(builder, op)
    tflite.OperatorCodeAddVersion(builder, 1)
    return int(tflite.OperatorCodeEnd(builder))
