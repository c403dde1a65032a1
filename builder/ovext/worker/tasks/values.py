"""Values that an op is tried with, and the same values as tensors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import openvino as ov

from ovext.worker.tasks.reference import made_inputs

if TYPE_CHECKING:
    from collections.abc import Sequence

    Array = np.ndarray[Any, Any]

_LARGE = (1 << 24, 1 << 26)  # whole numbers that f32 does not have, unless they are even
_NARROW = 32  # parts of the range
_FLOATS = {"f16", "bf16", "f32", "f64"}
_WORDS = ("", "a", "word", "two words", "Straße", "日本", "longer than what a std::string has in itself", "\n\t")


@dataclass(frozen=True)
class Buffer:
    """The memory of a tensor, as bytes; none for an output that gets its shape and memory from the op."""

    element: str
    shape: tuple[int, ...]
    memory: Array | None

    def tensor(self) -> ov.Tensor:
        """A tensor in this memory."""
        kind = getattr(ov.Type, self.element)
        if self.memory is None or self.memory.size == 0:  # OpenVINO 2025.4 asks for the address of the first element
            return ov.Tensor(kind, list(self.shape))
        return ov.Tensor(self.memory, list(self.shape), kind)

    def emptied(self) -> Buffer:
        return Buffer(self.element, (0,), None)


@dataclass(frozen=True)
class _Input:
    """What is known of the values of an input."""

    element: str
    shape: tuple[int, ...]
    low: float
    high: float
    style: str  # one of Trial.values
    may_be_large: bool  # whether nothing is told of its values
    specials: tuple[str, ...]
    meaning: dict[str, Any]


def draw(request: dict[str, Any], shapes: Sequence[Sequence[int]]) -> list[Array]:
    """Values of the requested style, one array for each shape, the same for the same seed.

    bf16, which numpy does not have, becomes f32 with values that bf16 has. An input that the device rounds to another
    type before the op sees it (`rounded_to`) has values of that type. What the case or the author's make_inputs() gives
    is not drawn.
    """
    generator = np.random.default_rng(request["seed"])
    made = made_inputs(request, shapes, generator)
    drawn = []
    for number, shape in enumerate(shapes):
        element, given = request["input_types"][number], request["given"][number]
        one = _Input(
            element,
            tuple(shape),
            low=request["ranges"][number][0],
            high=request["ranges"][number][1],
            style=request["values"],
            may_be_large=request["may_be_large"][number],
            specials=tuple(request["specials"]),
            meaning=request["meanings"][number],
        )
        given = made.get(request["input_names"][number]) if given is None else given
        values = _drawn(generator, one) if given is None else np.array(given)
        drawn.append(rounded(rounded(values, request["rounded_to"][number]), element))
    return drawn


def _drawn(generator: np.random.Generator, one: _Input) -> Array:
    """Values that are as op.toml says: some of a list, sorted, or unique."""
    if one.meaning["one_of"]:
        values: Array = generator.choice(np.array(one.meaning["one_of"]), one.shape)
    elif one.meaning["unique"]:
        values = _unique(generator, one)
    elif one.element == "string":
        values = np.array(generator.choice(np.array(_WORDS, object), one.shape), object)
    elif one.element == "boolean":
        values = generator.integers(0, 2, one.shape).astype(bool) & (one.style != "zeros")
    else:
        values = _floating(generator, one) if one.element in _FLOATS else _whole(generator, one)
    return np.sort(values, axis=-1) if one.meaning["sorted"] and one.shape else values


def _unique(generator: np.random.Generator, one: _Input) -> Array:
    """Values that differ from each other along the last dimension."""
    count = one.shape[-1] if one.shape else 1
    rows = range(math.prod(one.shape[:-1]))
    if one.element in _FLOATS:
        drawn = [generator.permutation(np.linspace(one.low, one.high, max(count, 2)))[:count] for _ in rows]
    else:
        low = math.ceil(one.low)
        room = max(math.floor(one.high) - low + 1, count)
        drawn = [low + generator.choice(room, count, replace=False) for _ in rows]
    return np.array(drawn).reshape(one.shape)


def _floating(generator: np.random.Generator, one: _Input) -> Array:
    if one.style == "zeros":
        return np.full(one.shape, min(max(0.0, one.low), one.high))
    if one.style == "extremes":
        return np.asarray(generator.choice([one.low, one.high], one.shape))
    low = one.high - (one.high - one.low) / _NARROW if one.style == "narrow" else one.low
    values = np.asarray(generator.uniform(low, one.high, one.shape))
    if one.style == "specials":
        words = {"nan": [np.nan], "inf": [np.inf, -np.inf]}
        special = [*(value for word in one.specials for value in words[word]), 0.0, -0.0]
        values = np.where(generator.random(one.shape) < 1 / 4, generator.choice(special, one.shape), values)
    return values


def _whole(generator: np.random.Generator, one: _Input) -> Array:
    info = np.iinfo(numpy_type(one.element))
    low = min(max(math.ceil(one.low), int(info.min)), int(info.max))
    high = max(min(math.floor(one.high), int(info.max)), low)
    if one.style == "zeros":
        return np.full(one.shape, min(max(0, low), high), info.dtype)
    if one.style == "large" and one.may_be_large and info.bits >= np.iinfo(np.int32).bits:
        return np.asarray(generator.integers(*_LARGE, one.shape, info.dtype)) | 1
    if one.style == "extremes":
        return np.asarray(generator.choice(np.array([low, high], info.dtype), one.shape))
    return np.asarray(generator.integers(low, high, one.shape, info.dtype, endpoint=True))


def numpy_type(element: str) -> np.dtype[Any]:
    """Numpy's type for the values of an element type of OpenVINO, such as "f16"; f32 for bf16, objects for strings."""
    if element == "string":
        return np.dtype(object)
    kind: np.dtype[Any] = np.dtype(np.float32) if element == "bf16" else getattr(ov.Type, element).to_dtype()
    return kind


def rounded(values: Array, element: str) -> Array:
    """These values, rounded to the element type, in numpy's type."""
    with np.errstate(over="ignore"):  # values that are too large become infinite
        values = np.asarray(values).astype(numpy_type(element))
    return from_bits(_bits(values)) if element == "bf16" else values


def _bits(values: Array) -> Array:
    """The bits of the values as bf16, rounded to the nearest."""
    numbers = np.ascontiguousarray(values, np.float32)
    wide = numbers.view(np.uint32)
    nearest = wide >> 16
    nearest &= 1
    nearest += 0x7FFF
    nearest += wide
    nearest >>= 16
    bits = nearest.astype(np.uint16)
    nan = np.isnan(numbers)
    if nan.any():
        bits[nan] = (wide[nan] >> 16) | 0x40
    return bits.reshape(np.shape(values))


def from_bits(bits: Array) -> Array:
    """The values of bf16 with these bits, as f32."""
    return (np.asarray(bits, np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(np.shape(bits))


def tensor_of(values: Array, element: str) -> ov.Tensor:
    """A tensor of the element type with a copy of the values."""
    if element == "bf16":
        tensor = ov.Tensor(ov.Type.bf16, list(values.shape))
        tensor.data.view(np.uint16)[...] = _bits(values)
        return tensor
    if element == "string":
        tensor = ov.Tensor(ov.Type.string, list(values.shape))
        if values.size:
            tensor.str_data = values.astype(str)
        return tensor
    return ov.Tensor(np.array(values, order="C"))


def bytes_of(values: Array, element: str) -> Array:
    """The values as a tensor of the element type has them in memory."""
    stored = _bits(values) if element == "bf16" else np.ascontiguousarray(values, numpy_type(element))
    return stored.reshape(-1).view(np.uint8)


def array_of(tensor: ov.Tensor) -> Array:
    """A copy of a tensor's values; bf16 becomes f32."""
    if tensor.element_type == ov.Type.bf16:
        return from_bits(np.array(tensor.data).view(np.uint16).reshape(tensor.shape))
    if tensor.element_type == ov.Type.string:
        return np.array(tensor.str_data, object).reshape(tensor.shape)
    return np.array(tensor.data).reshape(tensor.shape)


def part_of_larger(tensor: ov.Tensor) -> tuple[ov.Tensor, ov.Tensor]:
    """The same values as a part of a larger tensor, in whose memory rows are not contiguous; and that tensor."""
    shape = list(tensor.shape)
    larger = ov.Tensor(tensor.element_type, [size + 2 for size in shape])
    part = ov.Tensor(larger, [1] * len(shape), [size + 1 for size in shape])
    tensor.copy_to(part)
    return part, larger
