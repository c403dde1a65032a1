"""Compare two models on the same input: their results, and how long each takes."""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np
import openvino as ov


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Infer `original` and `patched` (paths) on CPU with `library` loaded, in turn, `runs` times each."""
    core = ov.Core()
    core.add_extension(request["library"])
    config = {"PERFORMANCE_HINT": "LATENCY"}
    requests = [
        core.compile_model(request[name], "CPU", config).create_infer_request() for name in ("original", "patched")
    ]
    shape = requests[0].get_input_tensor().shape
    image = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
    seconds: list[list[float]] = [[], []]
    for _ in range(request["runs"]):
        for infer, times in zip(requests, seconds, strict=True):
            start = time.perf_counter()
            infer.infer([image], share_inputs=True, share_outputs=True)
            times.append(time.perf_counter() - start)
    outputs = [np.array(infer.get_output_tensor().data) for infer in requests]
    return {
        "max_difference": float(np.max(np.abs(outputs[0] - outputs[1]))),
        "largest_output": float(np.max(np.abs(outputs[0]))),
        "identical": bool(np.array_equal(outputs[0], outputs[1])),
        "original_ms": statistics.median(seconds[0]) * 1e3,
        "patched_ms": statistics.median(seconds[1]) * 1e3,
    }
