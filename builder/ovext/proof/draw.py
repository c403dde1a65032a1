"""Hypothesis strategies for the trials of an op, according to its description."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import reject
from hypothesis import strategies as st

from ovext.project.dims import parse_dim
from ovext.project.shapes import BROADCAST, bound_sizes
from ovext.proof.trial import Trial, ruled_shapes

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

    from ovext.project import OpDescription
    from ovext.project.attributes import Attribute, AttributeValue
    from ovext.project.op import Input
    from ovext.project.shapes import Shape
    from ovext.proof.trial import Shapes, Values

# Sizes around vector widths, and others. Few elements are enough, and fast.
_SIZES = (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33)
_MOST_ELEMENTS = 20_000
_LARGEST_RANK = 5
_BOUND = 4  # for whole-number attributes without bounds, and for floats
_WORDS = "abcdefghijklmnopqrstuvwxyz_"


@st.composite
def trials(draw: DrawFn, op: OpDescription) -> Trial:
    """Any trial that the op must be able to compute."""
    attributes = draw(attribute_values(op))
    shapes = draw(shapes_of(op, attributes))
    styles: list[Values] = ["uniform", "zeros", "extremes"]
    values = draw(st.sampled_from([*styles, "specials"] if op.test.specials else styles))
    how = draw(st.sampled_from(["static", "dynamic", "parts"]))
    before = _other_sizes(draw, op, attributes, shapes) if how == "dynamic" else None
    seed = draw(st.integers(0, 2**16))
    return Trial(shapes, attributes, values, seed, before, parts=how == "parts")


def _other_sizes(draw: DrawFn, op: OpDescription, attributes: dict[str, AttributeValue], shapes: Shapes) -> Shapes:
    """Shapes of the same ranks, with which the same model runs first."""
    other = draw(shapes_of(op, attributes))
    if any(len(other[name]) != len(shape) for name, shape in shapes.items()):
        return shapes
    return other


@st.composite
def attribute_values(draw: DrawFn, op: OpDescription) -> dict[str, AttributeValue]:
    return {one.name: draw(_values_of(op, one)) for one in op.attributes}


def _values_of(op: OpDescription, attribute: Attribute) -> SearchStrategy[Any]:
    if told := op.test.attributes.get(attribute.name):
        return st.sampled_from([attribute.typed(value) for value in told])
    one = _one_value(attribute)
    if attribute.of.is_list:
        # An op may need as many values as the default has; no list is longer than necessary.
        length = len(attribute.default) if isinstance(attribute.default, list) else 2
        lists = st.lists(one, min_size=length, max_size=length)
        return st.one_of(st.just(attribute.example()), lists)
    return st.one_of(st.just(attribute.example()), one)


def _one_value(attribute: Attribute) -> SearchStrategy[Any]:
    of = attribute.of
    if attribute.type == "enum":
        return st.sampled_from(attribute.values)
    if attribute.type == "type":
        return st.sampled_from(["f32", "f16", "i32"])
    if of.kind == "bool":
        return st.booleans()
    if of.kind == "string":
        return st.text(_WORDS, min_size=1, max_size=8)
    if of.kind == "int":
        most = 0 if attribute.max is None else min(0, int(attribute.max))
        low = max(of.lowest or 0, int(attribute.min) if attribute.min is not None else most - _BOUND)
        high = min(of.highest or 0, int(attribute.max) if attribute.max is not None else max(low, 0) + _BOUND)
        return st.integers(low, high)
    low_f = attribute.min if attribute.min is not None else min(-_BOUND, (attribute.max or 0) - _BOUND)
    high_f = attribute.max if attribute.max is not None else max(_BOUND, low_f + _BOUND)
    return st.floats(low_f, high_f, width=32 if _fits_f32(low_f, high_f) else 64)


def _fits_f32(*bounds: float) -> bool:
    return all(float(np.float32(one)) == one for one in bounds)


@st.composite
def shapes_of(draw: DrawFn, op: OpDescription, attributes: dict[str, AttributeValue]) -> Shapes:
    """Shapes of the inputs that fit the op's rules."""
    known: dict[str, int] = {}
    rest: list[Shape] = []
    whole = draw(_shapes(op)) if any(one.rule == BROADCAST for one in op.outputs) else ()
    shapes: Shapes = {}
    for tensor in op.inputs:
        if tensor.dims is not None:
            shapes[tensor.name] = _from_pattern(draw, op, tensor, known, rest)
        elif any(one.rule == BROADCAST for one in op.outputs):
            shapes[tensor.name] = _broadcastable(draw, whole)
        else:
            shapes[tensor.name] = draw(_shapes(op, tensor.ranks))
    try:
        values = op.all_values(attributes)
        bound_sizes(op, shapes, values)
        ruled = ruled_shapes(op, shapes, attributes) or ()
    except ValueError:  # a constraint does not hold, or the shapes do not broadcast
        reject()
    if any(_elements(shape) > _MOST_ELEMENTS for shape in (*shapes.values(), *ruled)):
        reject()
    return shapes


def _elements(shape: Shape) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


def _size(op: OpDescription) -> SearchStrategy[int]:
    return st.sampled_from([*_SIZES, *([0] if op.test.smallest == 0 else [])])


def _shapes(op: OpDescription, ranks: list[int] | None = None) -> SearchStrategy[Shape]:
    rank = st.sampled_from(ranks) if ranks else st.integers(0, _LARGEST_RANK)
    return rank.flatmap(lambda count: st.tuples(*[_size(op)] * count))


def _broadcastable(draw: DrawFn, whole: Shape) -> Shape:
    """A shape that broadcasts to `whole`: some sizes are 1, and some leading ones are missing."""
    missing = draw(st.integers(0, len(whole)))
    return tuple(draw(st.sampled_from([size, 1])) for size in whole[missing:])


def _from_pattern(draw: DrawFn, op: OpDescription, tensor: Input, known: dict[str, int], rest: list[Shape]) -> Shape:
    shape: list[int] = []
    patterns = [parse_dim(dim) for dim in tensor.dims or ()]
    for pattern in patterns:
        if pattern.is_rest:
            if not rest:
                ranks = [rank - len(patterns) + 1 for rank in tensor.ranks or range(len(patterns) - 1, _LARGEST_RANK)]
                rest.append(draw(_shapes(op, ranks or [0])))
            shape += rest[0]
        elif pattern.size is not None:
            shape.append(pattern.size)
        else:
            size = known[pattern.name] if pattern.name in known else known.setdefault(pattern.name, draw(_size(op)))
            shape.append(draw(st.sampled_from([size, 1])) if pattern.or_one else size)
    return tuple(shape)
