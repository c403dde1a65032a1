"""Models of ONNX that an op is read from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovext.proof.attribute_values import MOST_OF_DIMENSION, stored_values
from ovext.proof.setting import is_valid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ovext.project import OpDescription
    from ovext.project.attributes import AttributeValue
    from ovext.project.frameworks import OnnxMapping
    from ovext.proof.trial import Shapes, Trial

    Values = dict[str, AttributeValue]


@dataclass(frozen=True)
class OnnxModel:
    """The attributes that the model has, by ONNX's names; the values that the op must have then; and its inputs."""

    attributes: Values
    kinds: Mapping[str, str]  # of these: bool, int, float or string
    values: Values
    shapes: Shapes


def onnx_models(op: OpDescription, mapping: OnnxMapping, trials: Sequence[Trial]) -> list[OnnxModel]:
    """A model for each set of values, and one without attributes that have defaults.

    Shapes are those of the first trial that goes with the values; without one there is no model.
    """
    in_models = [one.name for one in op.attributes if one.name not in mapping.constants]
    defaults = {one.name: mapping.defaults.get(one.name, one.default) for one in op.attributes}
    left_out = {name: value for name, value in defaults.items() if value is not None and name in in_models}
    sets = [one for one in stored_values(op) if _fits(op, one)] or [op.example()]
    models = []
    for values, names in (
        *((one, in_models) for one in sets),
        ({**op.example(), **left_out}, [name for name in in_models if name not in left_out]),
    ):
        wanted = {**values, **mapping.constants}
        theirs = {name: mapping.attributes.get(name, name) for name in names}
        given = {other: values[name] for name, other in theirs.items()}
        kinds = {theirs[one.name]: one.of.kind for one in op.attributes if one.name in theirs}
        if shapes := next((one.shapes for one in trials if is_valid(op, one.shapes, wanted)), None):
            models.append(OnnxModel(given, kinds, wanted, shapes))
    return models


def _fits(op: OpDescription, values: Values) -> bool:
    """Whether ONNX has these values: its whole numbers are i64, of which a shape of OpenVINO lacks the largest."""
    for attribute in op.attributes:
        value = values[attribute.name]
        most = MOST_OF_DIMENSION if attribute.type in {"shape", "partial_shape"} else 2**63 - 1
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, int) and not -(2**63) <= one <= most:
                return False
    return True
