"""Values of attributes that an op is tried with, according to its description."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ovext.project.dims import REST
from ovext.project.shapes import names_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovext.project import OpDescription
    from ovext.project.attributes import Attribute, AttributeValue

_BOUND = 4  # for whole-number attributes without bounds, and for floats
MOST_OF_DIMENSION = 2**31 - 1  # OpenVINO takes the largest i64 for an unknown one
_LARGEST = 1e30  # for bounds that are infinite
_WORDS = ("a", "word", "two_words", "zyxwvuts")
_ELEMENTS = ("f32", "f16", "i32")


def edge_values(op: OpDescription) -> Iterator[dict[str, AttributeValue]]:
    """For each attribute alone: every value that op.toml lists, else its bounds, or each word."""
    for attribute in op.attributes:
        for value in _edges(op, attribute):
            yield {**op.example(), attribute.name: value}


def _edges(op: OpDescription, attribute: Attribute) -> list[AttributeValue]:
    if told := op.test.attributes.get(attribute.name):
        return [attribute.typed(value) for value in told]
    words: dict[str, list[Any]] = {"enum": attribute.values, "type": [*_ELEMENTS], "bool": [False, True]}
    edges = words.get(attribute.type)
    if edges is None:
        edges = [one for one in (attribute.min, attribute.max) if one is not None]
    values = [[one] * _length(attribute) if attribute.of.is_list else one for one in edges]
    return [attribute.typed(one) for one in values if not attribute.refusal_of(one)]


def stored_values(op: OpDescription) -> Iterator[dict[str, AttributeValue]]:
    """For each attribute alone: the ends of its type, and other values that may get lost when a model stores them.

    Attributes that sizes depend on, or whose values op.toml lists, have no other values than there.
    """
    yield from edge_values(op)
    for attribute in op.attributes:
        of = attribute.of
        ends: dict[str, list[Any]] = {
            "bool": [False, True],
            "int": [of.lowest, MOST_OF_DIMENSION if attribute.type == "partial_shape" else of.highest],
            "float": [-_LARGEST, _LARGEST, 0.1],
            "string": ["", "with spaces", 'a "quoted" & <tagged> ä'],
        }
        is_bound = attribute.name in _names_of_sizes(op) or attribute.name in op.test.attributes
        for end in () if is_bound else ends[of.kind]:
            value = [end] * _length(attribute) if of.is_list else end
            if not attribute.refusal_of(value):
                yield {**op.example(), attribute.name: attribute.typed(value)}
        if of.is_list and not is_bound:
            yield {**op.example(), attribute.name: []}


def _names_of_sizes(op: OpDescription) -> set[str]:
    formulas = [one for output in op.outputs if isinstance(output.shape, list) for one in output.shape]
    return {name for one in (*formulas, *op.constraints) if one != REST for name in names_in(one)}


def drawn_values(op: OpDescription, generator: np.random.Generator) -> dict[str, AttributeValue]:
    """A value for each attribute; every second one is the usual one."""
    usual = op.example()
    return {one.name: usual[one.name] if generator.integers(2) else _drawn(op, one, generator) for one in op.attributes}


def _drawn(op: OpDescription, attribute: Attribute, generator: np.random.Generator) -> AttributeValue:
    if told := op.test.attributes.get(attribute.name):
        return attribute.typed(told[generator.integers(len(told))])
    if attribute.of.is_list:
        return attribute.typed([_one(attribute, generator) for _ in range(_length(attribute))])
    return attribute.typed(_one(attribute, generator))


def _length(attribute: Attribute) -> int:
    """An op may need as many values as the default has."""
    return len(attribute.default) if isinstance(attribute.default, list) else 2


def _one(attribute: Attribute, generator: np.random.Generator) -> Any:
    of = attribute.of
    words = {"enum": attribute.values, "type": _ELEMENTS}.get(attribute.type, _WORDS)
    if of.kind == "string":
        return str(words[int(generator.integers(len(words)))])
    if of.kind == "bool":
        return bool(generator.integers(2))
    if of.kind == "int":
        most = 0 if attribute.max is None else min(0, int(attribute.max))
        low = max(of.lowest or 0, int(attribute.min) if attribute.min is not None else most - _BOUND)
        high = min(of.highest or 0, int(attribute.max) if attribute.max is not None else max(low, 0) + _BOUND)
        return int(generator.integers(low, high, endpoint=True))
    low_f = attribute.min if attribute.min is not None else min(-_BOUND, (attribute.max or 0) - _BOUND)
    high_f = attribute.max if attribute.max is not None else max(_BOUND, low_f + _BOUND)
    value = float(np.float32(generator.uniform(max(low_f, -_LARGEST), min(high_f, _LARGEST))))
    return min(max(value, low_f), high_f)
