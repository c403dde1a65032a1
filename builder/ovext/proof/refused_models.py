"""Models that an op must reject, according to its description."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from ovext.project.attributes import WITHOUT_NUMBERS, ElementType
from ovext.project.shapes import bound_sizes
from ovext.proof.trial import ruled_shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovext.project import OpDescription
    from ovext.project.attributes import Attribute, AttributeValue
    from ovext.proof.setting import Setting
    from ovext.proof.trial import Shapes

# The types that OpenVINO's Parameter accepts in a model without further steps.
_TRIED_TYPES = [one for one in get_args(ElementType) if one not in WITHOUT_NUMBERS]


@dataclass(frozen=True)
class WrongModel:
    """A model, and what is wrong with it."""

    what: str
    model: str


@dataclass(frozen=True)
class _Right:
    """A model that the op accepts; each wrong model differs from it in one thing."""

    setting: Setting
    shapes: Shapes
    attributes: dict[str, AttributeValue]

    @property
    def op(self) -> OpDescription:
        return self.setting.op

    def model(self, *, extra_inputs: int = 0) -> str:
        return self.setting.model(self.shapes, self.attributes, extra_inputs=extra_inputs)


def right_and_wrong_models(
    setting: Setting, shapes: Shapes, attributes: dict[str, AttributeValue]
) -> tuple[str, list[WrongModel]]:
    """A right model with `shapes` and `attributes`, which must be right, and models with one wrong thing each.

    The wrong thing is a type, a rank, a size, an attribute or the number of inputs.
    """
    first = replace(setting, types=tuple(setting.op.combinations()[0]))
    right = _Right(first, shapes, setting.op.all_values(attributes))
    wrong = [*_types(right), *_shapes(right), *_attributes(right)]
    models = [WrongModel(what, one.model()) for what, one in wrong]
    return right.model(), [*models, WrongModel("one input too many", right.model(extra_inputs=1))]


def _types(right: _Right) -> Iterator[tuple[str, _Right]]:
    inputs = right.setting.input_types
    for number, tensor in enumerate(right.op.inputs):
        for element in _TRIED_TYPES:
            types = (*inputs[:number], element, *inputs[number + 1 :])
            if not right.op.accepts(types):
                wrong = replace(right.setting, types=(*types, *right.setting.output_types))
                yield f"'{tensor.name}' of type {element}", replace(right, setting=wrong)


def _shapes(right: _Right) -> Iterator[tuple[str, _Right]]:
    for name, shape in right.shapes.items():
        others = [shape[1:], (2, *shape)] if shape else [(2,)]
        others += [(*shape[:at], shape[at] + 1, *shape[at + 1 :]) for at in range(len(shape))]
        for other in others:
            shapes = {**right.shapes, name: other}
            try:
                bound_sizes(right.op, shapes, right.attributes)
                ruled_shapes(right.op, shapes, right.attributes)
            except ValueError as error:
                yield f"'{name}' of shape {list(other)} ({error})", replace(right, shapes=shapes)


def _attributes(right: _Right) -> Iterator[tuple[str, _Right]]:
    for attribute in right.op.attributes:
        for value in _refused_values(attribute):
            text = f"{attribute.name} = {value!r}"
            yield text, replace(right, attributes={**right.attributes, attribute.name: value})


def _refused_values(attribute: Attribute) -> Iterator[Any]:
    """Values beyond the bounds in op.toml, and words that an enum does not have."""
    if attribute.type == "enum":
        yield "no_such_value"
    for bound, step in ((attribute.min, -1), (attribute.max, 1)):
        if bound is not None:
            value = _beyond(attribute, bound, step)
            fits_type = attribute.of.lowest is None or attribute.of.lowest <= value <= (attribute.of.highest or 0)
            if fits_type:
                yield [value] if attribute.of.is_list else value


def _beyond(attribute: Attribute, bound: float, step: int) -> float:
    """The next value of the attribute's type in that direction."""
    if attribute.of.kind == "int":
        return int(bound) + step
    if attribute.type == "double":
        return math.nextafter(bound, step * math.inf)
    return float(np.nextafter(np.float32(bound), np.float32(step * math.inf)))
