"""Models that an op must reject, according to its description."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from ovext.models.ir import TensorType, one_op_model
from ovext.project.attributes import PACKED, ElementType
from ovext.project.forms import forms
from ovext.project.shapes import bound_sizes
from ovext.proof.trial import ruled_shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovext.project import OpDescription
    from ovext.project.attributes import Attribute, AttributeValue
    from ovext.proof.setting import Setting
    from ovext.proof.trial import Shapes

# The types that OpenVINO's Parameter accepts in a model without further steps.
_TRIED_TYPES = [one for one in get_args(ElementType) if one not in PACKED]


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

    def model(self) -> str:
        return self.setting.model(self.shapes, self.attributes)


def right_and_wrong_models(
    setting: Setting, shapes: Shapes, attributes: dict[str, AttributeValue]
) -> tuple[str, list[WrongModel]]:
    """A right model with `shapes` and `attributes`, which must be right, and models with one wrong thing each.

    The wrong thing is a type, a rank, a size or an attribute.
    """
    first = replace(setting, types=tuple(setting.op.combinations()[0]))
    right = _Right(first, shapes, setting.op.all_values(attributes))
    wrong = [*_types(right), *_shapes(right), *_attributes(right)]
    return right.model(), [WrongModel(what, one.model()) for what, one in wrong]


def with_other_counts(op: OpDescription) -> list[WrongModel]:
    """Models with one input more than the op can have, and with one less than it needs. Nothing is known of shapes."""
    fewest, most = forms(op.whole)[0], _largest_form(op.whole)
    models = [] if most is None else [WrongModel("one input too many", _model_of_unknown(most, 1))]
    return [*models, WrongModel("one input too few", _model_of_unknown(fewest, -1))] if fewest.inputs else models


def _largest_form(op: OpDescription) -> OpDescription | None:
    return None if any(one.counts[1] is None for one in op.inputs) else forms(op)[-1]


def _model_of_unknown(op: OpDescription, more: int) -> str:
    types = op.combinations()[0][: len(op.inputs)]
    types = types[:more] if more < 0 else types + (types[:1] or ["f32"]) * more
    tensors = [TensorType(element, None) for element in types]
    return one_op_model(op.type, op.opset, tensors, op.ir_attributes(op.example()), outputs=len(op.outputs))


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
