"""Count the instructions that a library executes for an op, on an emulated CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ovext.worker.tasks import emulated
from ovext.worker.tasks.cpu import read_model
from ovext.worker.tasks.guarded import GuardedMemory
from ovext.worker.tasks.values import Buffer, bytes_of, numpy_type

if TYPE_CHECKING:
    import openvino as ov


def run(request: dict[str, Any]) -> dict[str, Any]:
    """The instructions of one call of evaluate() in one thread, for each of the request's models.

    The first call of a library, which reports itself, is not counted. Values and alignment are always the same.
    """
    emulated.load(request)  # before OpenVINO does
    counts = []
    for model in request["models"]:
        op = emulated.op({**request, "model": model})
        read = read_model(request["library"], model)
        generator = np.random.default_rng(0)
        inputs = [_buffer(one, generator.standard_normal) for one in read.inputs]
        outputs = [_buffer(one, np.zeros) for one in read.outputs]
        for _ in range(2):
            op.call(outputs, inputs, threads=1)
        elements = max(np.prod(one.shape) for one in (*inputs, *outputs))
        counts.append({"instructions": op.emulator.instructions, "elements": int(elements)})
    return {"counts": counts}


def _buffer(port: ov.Output, values: Any) -> Buffer:
    """Page-aligned memory with values of the port's type and shape."""
    element, shape = port.element_type.get_type_name(), tuple(port.shape)
    stored = bytes_of(values(shape).astype(numpy_type(element)), element)
    memory, _ = GuardedMemory().take(stored.size, at_end=False)
    memory[...] = stored
    return Buffer(element, shape, memory)
