"""What the ops of llm_ops are compared with: the same in ops of OpenVINO, and in PyTorch with the same threads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from openvino import opset13 as ops

if TYPE_CHECKING:
    from collections.abc import Callable

    from openvino import Node


def rms_norm_of_ops(data: Node, weight: Node, *, epsilon: float, axis: int) -> Node:
    mean = ops.reduce_mean(ops.multiply(data, data), ops.constant([axis]), keep_dims=True)
    scale = ops.divide(np.float32(1), ops.sqrt(ops.add(mean, np.float32(epsilon))))
    return ops.multiply(ops.multiply(data, scale), weight)


def rms_norm_of_torch(data: Any, weight: Any, *, epsilon: float, **_: int) -> Callable[[], Any]:
    torch = _torch()
    tensors = torch.from_numpy(data), torch.from_numpy(weight)
    return lambda: torch.nn.functional.rms_norm(tensors[0], (data.shape[-1],), tensors[1], epsilon)


def rotary_of_ops(data: Node, cosines: Node, sines: Node, *, interleaved: int) -> Node:
    """For rows that are turned as a whole, half by half."""
    del interleaved
    cosine, sine = (ops.unsqueeze(one, ops.constant([1])) for one in (cosines, sines))
    first, second = ops.split(data, ops.constant(3), 2).outputs()
    turned = [
        ops.subtract(ops.multiply(first, cosine), ops.multiply(second, sine)),
        ops.add(ops.multiply(first, sine), ops.multiply(second, cosine)),
    ]
    return ops.concat(turned, 3)


def rotary_of_torch(data: Any, cosines: Any, sines: Any, *, interleaved: int) -> Callable[[], Any]:
    del interleaved
    torch = _torch()
    whole = torch.from_numpy(data)
    cosine, sine = (torch.from_numpy(one)[:, None] for one in (cosines, sines))

    def turned() -> Any:
        first, second = whole.chunk(2, -1)
        return torch.cat([first * cosine - second * sine, first * sine + second * cosine], -1)

    return turned


def snake_of_ops(data: Node, alpha: Node) -> Node:
    each = ops.unsqueeze(alpha, ops.constant([0, 2]))
    wave = ops.sin(ops.multiply(data, each))
    return ops.add(data, ops.divide(ops.multiply(wave, wave), each))


def snake_of_torch(data: Any, alpha: Any) -> Callable[[], Any]:
    torch = _torch()
    whole, each = torch.from_numpy(data), torch.from_numpy(alpha)[None, :, None]
    return lambda: whole + torch.sin(whole * each) ** 2 / each


def _torch() -> Any:
    import torch  # noqa: PLC0415  not everybody has it

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.set_grad_enabled(False)
    return torch
