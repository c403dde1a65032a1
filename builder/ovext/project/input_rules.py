"""Contradictions about inputs: their types, dimensions and places, and which of them models may leave out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

from ovext.project.attributes import ElementType
from ovext.project.dims import REST, parse_dim
from ovext.project.forms import tensor_number
from ovext.project.problems import unknown
from ovext.project.shapes import BROADCAST

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ovext.project.op import Input, OpDescription
    from ovext.project.problems import Problem


def contradictions_of_inputs(op: OpDescription) -> Iterator[Problem]:
    yield from _inputs(op)
    yield from _forms(op)


def _inputs(op: OpDescription) -> Iterator[Problem]:
    earlier: list[str] = []
    dims: set[str] = set()
    taken = {one.name: "an attribute" for one in op.attributes}
    taken |= {one.name: "an output" for one in op.outputs} | {one.name: "an input" for one in op.inputs}
    for number, tensor in enumerate(op.inputs):
        if isinstance(tensor.types, str) and tensor.types not in earlier:
            yield ("inputs", number, "types"), _no_types(tensor.types, earlier)
        if len(set(tensor.types)) != len(tensor.types) and not isinstance(tensor.types, str):
            yield ("inputs", number, "types"), "an element type stands there twice"
        if problem := _alignment(op, tensor):
            yield ("inputs", number, "align"), problem
        earlier.append(tensor.name)
        for problem in _dims(tensor, dims):
            yield ("inputs", number, "dims"), problem
        for name in sorted({parse_dim(dim).name for dim in tensor.dims or ()} & set(taken)):
            yield ("inputs", number, "dims"), f"'{name}' is {taken[name]}: name the dimension otherwise"


def _alignment(op: OpDescription, tensor: Input) -> str:
    if tensor.align is None:
        return ""
    if not any(one.rule == BROADCAST for one in op.outputs):
        return "it is for ops with an output whose shape is `broadcast`"
    if not tensor.dims or REST in tensor.dims:
        return f"it needs `dims` of '{tensor.name}', each a name or a number"
    if all(one.align is not None for one in op.inputs) or tensor.optional or tensor.many:
        return "another input that is always there must have all dimensions, without `align`"
    return ""


def _no_types(name: str, earlier: Sequence[str]) -> str:
    """Why `name` says nothing about element types: it may be meant as one, or as an earlier input."""
    if re.fullmatch(r"(bf|f|fp|float|i|int|u|uint)\d+|bool|double|half|float|int|long|str", name):
        return unknown(name, "element type", get_args(ElementType))
    return unknown(name, "earlier input", earlier)


def _forms(op: OpDescription) -> Iterator[Problem]:
    """What is wrong with inputs that models may leave out or have many times."""
    for number, one in enumerate(op.inputs):
        at = ("inputs", number)
        least, most = one.counts
        if one.many and one is not op.inputs[-1]:
            yield (*at, "many"), "only the last input can consist of many tensors"
        if one.many and any(other.optional for other in op.inputs):
            yield (*at, "many"), "ovext does not support it together with optional inputs"
        if one.many and most is not None and most < max(least, 2):
            yield (*at, "many"), f"{one.many} is no range of numbers of tensors, such as 1.. or 2..4"
        if number and op.inputs[number - 1].optional and not (one.optional or one.many):
            yield (*at, "optional"), f"'{one.name}' comes after an optional input, so it must be optional too"
        if number == 0 and not least:
            yield (*at, "many" if one.many else "optional"), "the first input must always be there"
        taken = [other.name for table in (op.inputs, op.outputs, op.attributes) for other in table] if one.many else []
        for name in taken:
            if tensor_number(one, name) is not None:
                yield (*at, "many"), f"its tensors have names such as '{name}', which is taken"
    yield from _follow_optional(op)


def _follow_optional(op: OpDescription) -> Iterator[Problem]:
    """Types, shapes and sizes that come from an input that may not be there."""
    optional = {one.name for one in op.inputs if not one.counts[0]}
    for number, tensor in enumerate(op.inputs):
        if isinstance(tensor.types, str) and tensor.types in optional:
            yield ("inputs", number, "types"), f"'{tensor.types}' may be left out"
    for number, output in enumerate(op.outputs):
        for key, value in (("type", output.type), ("shape", output.shape)):
            if isinstance(value, str) and value in optional:
                yield ("outputs", number, key), f"'{value}' may be left out"
        if not op.inputs and not output.type:
            yield ("outputs", number, "type"), "an op without inputs needs an element type"
        if not op.inputs and output.rule in {"", BROADCAST}:
            yield ("outputs", number, "shape"), "an op without inputs needs a formula for each dimension"


def _dims(tensor: Input, known: set[str]) -> Iterator[str]:
    """The problems of an input's dimensions. Adds the dimensions' names to `known`."""
    if tensor.dims is None:
        return
    patterns = [parse_dim(text) for text in tensor.dims]
    for pattern in patterns:
        if pattern.or_one and pattern.name not in known:
            yield f"'{pattern.name}|1' needs an earlier dimension {pattern.name}"
        known |= {pattern.name} - {""}
    rests = sum(pattern.is_rest for pattern in patterns)
    if rests > 1:
        yield f"'{REST}' stands in it more than once"
    for rank in tensor.ranks or ():
        if rank < len(patterns) - rests or (not rests and rank != len(patterns)):
            yield f"they do not fit the rank {rank}"
