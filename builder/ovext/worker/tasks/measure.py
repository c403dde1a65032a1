"""Compare the latency of one-op models."""

from __future__ import annotations

import math
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov

_CONFIG = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
_ROUNDS = 15
_SECONDS_PER_ROUND = 0.05
_WARM_UP = 2


def run(request: dict[str, Any]) -> dict[str, Any]:
    """For each case, the median latency of each entry in each round, in seconds.

    All entries of a case read and write the same buffers, because a buffer's address makes a difference of several per
    cent. They take turns, in another order each round, so that a change in the machine's speed affects all of them. In
    a round each entry runs for about the same time, at least three times.
    """
    with tempfile.TemporaryDirectory(prefix="ovext-bench-") as folder:
        cores = _Cores(Path(folder))
        return {"cases": [_measure_case(case, cores) for case in request["cases"]]}


class _Cores:
    """One ov::Core for each library and forced instruction set.

    A loaded file cannot choose its instruction set again, so each core loads its own copy of the file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cores: dict[tuple[str | None, str | None], ov.Core] = {}

    def get(self, library: str | None, isa: str | None) -> ov.Core:
        key = (library, isa)
        if key not in self._cores:
            core = ov.Core()
            if library is not None:
                copy = self._folder / f"{len(self._cores)}-{Path(library).name}"
                shutil.copyfile(library, copy)
                os.environ["OVEXT_ISA"] = isa or ""
                core.add_extension(str(copy))
            self._cores[key] = core
        return self._cores[key]


def _measure_case(case: dict[str, Any], cores: _Cores) -> dict[str, Any]:
    requests = {entry["label"]: _infer_request(entry, cores) for entry in case["entries"]}
    labels = list(requests)
    inputs, outputs = _buffers(requests[labels[0]])
    for request in requests.values():
        for index, tensor in enumerate(inputs):
            request.set_input_tensor(index, tensor)
        for index, tensor in enumerate(outputs):
            request.set_output_tensor(index, tensor)
    medians: dict[str, list[float]] = {label: [] for label in labels}
    for number in range(_ROUNDS):
        first = number % len(labels)
        for label in labels[first:] + labels[:first]:
            medians[label].append(statistics.median(_one_round(requests[label])))
    return {"bytes": sum(tensor.byte_size for tensor in (*inputs, *outputs)), "medians": medians}


def _infer_request(entry: dict[str, Any], cores: _Cores) -> ov.InferRequest:
    core = cores.get(entry["library"], entry["isa"])
    model = core.read_model(entry["model"].encode(), b"")
    return core.compile_model(model, "CPU", _CONFIG).create_infer_request()


def _buffers(request: ov.InferRequest) -> tuple[list[ov.Tensor], list[ov.Tensor]]:
    """Inputs with random numbers, and outputs, of the request's types and shapes."""
    generator = np.random.default_rng(0)
    inputs = [ov.Tensor(tensor.element_type, tensor.shape) for tensor in request.input_tensors]
    for tensor in inputs:
        tensor.data[...] = generator.standard_normal(tensor.shape)
    return inputs, [ov.Tensor(tensor.element_type, tensor.shape) for tensor in request.output_tensors]


def _one_round(request: ov.InferRequest) -> list[float]:
    for _ in range(_WARM_UP - 1):
        _timed(request)
    times = [_timed(request)]
    count = min(200, max(3, math.ceil(_SECONDS_PER_ROUND / times[0])))
    return [_timed(request) for _ in range(count)]


def _timed(request: ov.InferRequest) -> float:
    start = time.perf_counter()
    request.infer(share_outputs=True)  # without copies for Python
    return time.perf_counter() - start
