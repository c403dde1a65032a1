"""The bytes that a library computes: `python emulated_values.py`, with JSON on stdin, prints a digest for each model.

The JSON has the library, the type of the op, `models` and, for an emulated CPU, `emulator`.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from ovext.worker.tasks import emulated
from ovext.worker.tasks.alone import NativeOp
from ovext.worker.tasks.cpu import node_of, read_model
from ovext.worker.tasks.values import Buffer, bytes_of, numpy_type

if TYPE_CHECKING:
    import openvino as ov


def digest(request: dict[str, Any], model: str) -> str:
    """The digest of all outputs for inputs with all kinds of values."""
    if request["emulator"]:
        emulated.load(request)
        op: Any = emulated.op({**request, "model": model})
    else:
        op = NativeOp(node_of(read_model(request["library"], model), request["type"]))
    read = read_model(request["library"], model)
    generator = np.random.default_rng(7)
    inputs = [_buffer(one, generator.standard_normal(tuple(one.shape)) * 8) for one in read.inputs]
    outputs = [_buffer(one, np.zeros(tuple(one.shape))) for one in read.outputs]
    results = op.call(outputs, inputs, threads=1)
    return hashlib.sha256(b"".join(one.tobytes() for one in results)).hexdigest()


def _buffer(port: ov.Output, values: np.ndarray[Any, Any]) -> Buffer:
    element = port.element_type.get_type_name()
    return Buffer(element, tuple(port.shape), bytes_of(values.astype(numpy_type(element)), element))


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    digests = [digest(asked, model) for model in asked["models"]]
    sys.stdout.write(json.dumps(digests) + "\n")
    sys.stdout.flush()
    os._exit(0)  # this CPU may not be able to run the library's finalisers
