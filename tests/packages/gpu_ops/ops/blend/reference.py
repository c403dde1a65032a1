"""Blend in numpy."""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def blend(
    a: Array, b: Array, *, negate: bool, bias: int, scale: float, mode: str, weights: list[float], steps: list[int]
) -> Array:
    channels = np.arange(a.shape[1])
    per_channel = np.take(weights, channels % len(weights)) + np.take(steps, channels % len(steps))
    value = (a - b if mode == "sub" else a + b) * scale + bias + per_channel.reshape(1, -1, 1, 1)
    result: Array = (-value if negate else value).astype(a.dtype)
    return result
