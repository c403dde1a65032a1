"""Scratch buffers: memory that the plugin gives a kernel besides its tensors, of type `internal` in the XML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ovext.gpu.expressions import VARIABLES, DivisionByZeroError, ExpressionError, evaluate
from ovext.gpu.layer import four_dims
from ovext.gpu.place import error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovext.gpu.layer import Layer, Sample, Tensor, Use
    from ovext.gpu.place import PlacedFinding

_DIMENSION = re.compile(r"(IN|OUT)PUT(\d{1,2})_DIMS\[([0-3])\]")
_VARIABLE = re.compile(rf"\b[{VARIABLES}]\b", re.IGNORECASE)


def scratch_bytes(size: str, sample: Sample) -> int:
    """The size of a scratch buffer as the plugin computes it: dimensions are replaced by numbers.

    Raises:
        ExpressionError: the expression is not valid, or divides by zero.
    """

    def number(match: re.Match[str]) -> str:
        shapes = sample.inputs if match[1] == "IN" else sample.outputs
        if int(match[2]) >= len(shapes):
            raise ExpressionError(f"{match[0]} is of a tensor that the op does not have")
        return str(four_dims(shapes[int(match[2])])[int(match[3])])

    return evaluate(_DIMENSION.sub(number, size), {})


def plugin_size(size: str) -> str:
    """The size in an op.toml, where B, F, Y and X are the first output's dimensions, as the plugin reads it."""
    return _VARIABLE.sub(lambda match: f"OUTPUT0_DIMS[{VARIABLES.index(match[0].upper())}]", size).strip()


def check_scratch(layer: Layer, use: Use) -> Iterator[PlacedFinding]:
    buffers = layer.bound("internal")
    ports = [buffer.port for buffer in buffers]
    for number, buffer in enumerate(buffers):
        if buffer.port in ports[:number]:
            text = f"two scratch buffers have port-index {buffer.port}, and are one memory"
            yield error("scratch-port", buffer.place, text, "Number scratch buffers from 0 on.")
        yield from _size(buffer, use)
    missing = sorted(set(range(max(ports, default=-1) + 1)) - set(ports))
    if missing:
        text = f"no scratch buffer has port-index {', '.join(map(str, missing))}; inference fails"
        yield error("scratch-port", layer.place, text, "Number scratch buffers from 0 on.")


def _size(buffer: Tensor, use: Use) -> Iterator[PlacedFinding]:
    """The first problem of a size."""
    if not buffer.size:
        return  # the reader of the XML reports it
    for sample in use.samples:
        try:
            size = scratch_bytes(buffer.size, sample)
        except DivisionByZeroError:
            if use.is_known:
                text = f"the size '{buffer.size}' divides by zero for {sample}; the process would die"
                yield error("size-zero-division", buffer.place, text, "Divide by what is never 0.")
                return
        except ExpressionError as problem:
            text = f"the size '{buffer.size}' of a scratch buffer is not valid: {problem}"
            fix = "Write something like OUTPUT0_DIMS[1]*4; dimensions are 0 to 3."
            yield error("scratch-size", buffer.place, text, fix)
            return
        else:
            if size <= 0 and (use.is_known or not _DIMENSION.search(buffer.size)):
                text = f"the size '{buffer.size}' is {size} for {sample}; the model does not compile"
                yield error("scratch-size", buffer.place, text, "A scratch buffer has at least one byte.")
                return
