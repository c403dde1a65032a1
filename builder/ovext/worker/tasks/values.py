"""Values that an op is tried with, and the same values as tensors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import openvino as ov

if TYPE_CHECKING:
    from collections.abc import Sequence

    Array = np.ndarray[Any, Any]

_FLOATS = {"f16", "bf16", "f32", "f64"}


def draw(request: dict[str, Any], shapes: Sequence[Sequence[int]]) -> list[Array]:
    """Values of the requested style, one array for each shape, the same for the same seed.

    bf16, which numpy does not have, becomes f32 with values that bf16 has. An input that the device rounds to another
    type before the op sees it (`rounded_to`) has values of that type.
    """
    generator = np.random.default_rng(request["seed"])
    drawn = []
    for number, shape in enumerate(shapes):
        element = request["input_types"][number]
        values = _styled(generator, element, request["ranges"][number], request, tuple(shape))
        drawn.append(rounded(rounded(values, request["rounded_to"][number]), element))
    return drawn


def _styled(
    generator: np.random.Generator,
    element: str,
    limits: tuple[float, float],
    request: dict[str, Any],
    shape: tuple[int, ...],
) -> Array:
    low, high = limits
    if element == "boolean":
        return np.zeros(shape, bool) if request["values"] == "zeros" else generator.integers(0, 2, shape).astype(bool)
    if element not in _FLOATS:
        return _whole(generator, element, limits, request["values"], shape)
    if request["values"] == "zeros":
        return np.full(shape, min(max(0.0, low), high))
    if request["values"] == "extremes":
        return np.asarray(generator.choice([low, high], shape))
    values = np.asarray(generator.uniform(low, high, shape))
    if request["values"] == "specials":
        words = {"nan": [np.nan], "inf": [np.inf, -np.inf]}
        special = [one for word in request["specials"] for one in words[word]]
        values = np.where(generator.random(shape) < 1 / 4, generator.choice([*special, 0.0, -0.0], shape), values)
    return values


def _whole(
    generator: np.random.Generator, element: str, limits: tuple[float, float], style: str, shape: tuple[int, ...]
) -> Array:
    info = np.iinfo(numpy_type(element))
    low = min(max(math.ceil(limits[0]), int(info.min)), int(info.max))
    high = max(min(math.floor(limits[1]), int(info.max)), low)
    if style == "zeros":
        return np.full(shape, min(max(0, low), high), info.dtype)
    if style == "extremes":
        return np.asarray(generator.choice(np.array([low, high], info.dtype), shape))
    return np.asarray(generator.integers(low, high, shape, info.dtype, endpoint=True))


def numpy_type(element: str) -> np.dtype[Any]:
    """Numpy's type for the values of an element type of OpenVINO, such as "f16"; f32 for bf16."""
    kind: np.dtype[Any] = np.dtype(np.float32) if element == "bf16" else getattr(ov.Type, element).to_dtype()
    return kind


def rounded(values: Array, element: str) -> Array:
    """These values, rounded to the element type, in numpy's type."""
    with np.errstate(over="ignore"):  # values that are too large become infinite
        values = np.asarray(values).astype(numpy_type(element))
    return _from_bits(_bits(values)) if element == "bf16" else values


def _bits(values: Array) -> Array:
    """The bits of the values as bf16, rounded to the nearest."""
    wide = np.ascontiguousarray(values, np.float32).view(np.uint32)
    nearest = ((wide + 0x7FFF + ((wide >> 16) & 1)) >> 16).astype(np.uint16)
    nan = ((wide >> 16) | 0x40).astype(np.uint16)
    return np.where(np.isnan(values), nan, nearest).reshape(np.shape(values))


def _from_bits(bits: Array) -> Array:
    return (np.asarray(bits, np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(np.shape(bits))


def tensor_of(values: Array, element: str) -> ov.Tensor:
    """A tensor of the element type with a copy of the values."""
    if element == "bf16":
        tensor = ov.Tensor(ov.Type.bf16, list(values.shape))
        tensor.data.view(np.uint16)[...] = _bits(values)
        return tensor
    return ov.Tensor(np.array(values, order="C"))


def array_of(tensor: ov.Tensor) -> Array:
    """A copy of a tensor's values; bf16 becomes f32."""
    if tensor.element_type == ov.Type.bf16:
        return _from_bits(np.array(tensor.data).view(np.uint16).reshape(tensor.shape))
    return np.array(tensor.data).reshape(tensor.shape)


def part_of_larger(tensor: ov.Tensor) -> tuple[ov.Tensor, ov.Tensor]:
    """The same values as a part of a larger tensor, in whose memory rows are not contiguous; and that tensor."""
    shape = list(tensor.shape)
    larger = ov.Tensor(tensor.element_type, [size + 2 for size in shape])
    part = ov.Tensor(larger, [1] * len(shape), [size + 1 for size in shape])
    tensor.copy_to(part)
    return part, larger
