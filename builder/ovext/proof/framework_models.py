"""Models of frameworks that an op is read from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ovext.project.attributes import PACKED, WITHOUT_NUMBERS
from ovext.project.forms import arguments_of
from ovext.project.frameworks import JaxMapping, PyTorchMapping, argument_of, is_readable, name_in
from ovext.proof.attribute_values import MOST_OF_DIMENSION, stored_values
from ovext.proof.setting import is_valid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovext.project import OpDescription
    from ovext.project.attributes import Attribute, AttributeValue
    from ovext.project.frameworks import AnyMapping
    from ovext.proof.trial import Shapes, Trial

    Values = dict[str, AttributeValue]


@dataclass(frozen=True)
class FrameworkModel:
    """The attributes that the model has, the values that the op must have then, and the shapes of its inputs."""

    attributes: Values
    values: Values
    shapes: Shapes


def framework_models(
    op: OpDescription, framework: str, mapping: AnyMapping, trials: Sequence[Trial]
) -> list[FrameworkModel]:
    """A model for each set of values, and one without attributes that have defaults.

    Shapes are those of the first trial that goes with the values; without one there is no model.
    """
    readable = [one for one in op.attributes if one.name not in mapping.constants and is_readable(framework, one)]
    names = [one.name for one in readable]
    theirs = {} if isinstance(mapping, JaxMapping) else mapping.defaults
    defaults = {one.name: theirs.get(one.name, one.default) for one in op.attributes}
    known = {name: value for name, value in defaults.items() if value is not None}
    fixed = {name: value for name, value in known.items() if name not in names} | mapping.constants
    sets = [one for one in stored_values(op) if all(_fits(framework, each, one[each.name]) for each in readable)]
    models: list[FrameworkModel] = []
    for values, given in (
        *((one, names) for one in sets or [op.example()]),
        ({**op.example(), **known}, [name for name in names if name not in known]),
    ):
        wanted = op.all_values({**values, **fixed})
        shapes = next((one.shapes for one in trials if is_valid(op, one.shapes, wanted)), None)
        model = FrameworkModel({name: values[name] for name in given}, wanted, shapes or {})
        if shapes is not None and model not in models:
            models.append(model)
    return models


def request_of(op: OpDescription, framework: str, mapping: AnyMapping, model: FrameworkModel) -> dict[str, Any]:
    """What the worker makes the model of: a form of an op, with the first of its element types that numpy has.

    An attribute has its name there, which for PyTorch is the number of the argument; if left out, its value is None.
    """
    attributes = [
        {
            "name": argument_of(op.whole, one.name, mapping)
            if isinstance(mapping, PyTorchMapping)
            else name_in(mapping, one.name),
            "type": one.type,
            "kind": one.of.kind,
            "is_list": one.of.is_list,
            "value": model.attributes.get(one.name),
        }
        for one in op.attributes
        if one.name not in mapping.constants and is_readable(framework, one)
    ]
    inputs, outputs = ([one.name for one in side] for side in (op.whole.inputs, op.outputs))
    types = next(one for one in op.combinations() if not {*one} & PACKED)
    return {
        "framework": framework,
        "type": op.type,
        "name": mapping.type,
        "domain": getattr(mapping, "domain", ""),
        "inputs": getattr(mapping, "inputs", []) or inputs,
        "outputs": getattr(mapping, "outputs", []) or outputs,
        "arguments": arguments_of(op),
        "input_types": types[: len(op.inputs)],
        "shapes": [model.shapes[one.name] for one in op.inputs],
        "attributes": attributes,
    }


def _fits(framework: str, attribute: Attribute, value: AttributeValue) -> bool:
    """Whether a framework's models can have the value.

    Whole numbers are i64, of which a shape of OpenVINO lacks the largest; OpenVINO reads TensorFlow Lite's as i32.
    """
    if attribute.type == "type":
        return value not in WITHOUT_NUMBERS
    if attribute.of.kind != "int":
        return True
    bits = 31 if framework == "tensorflow_lite" else 63
    most = MOST_OF_DIMENSION if attribute.type in {"shape", "partial_shape"} else 2**bits - 1
    return all(-(2**bits) <= int(one) <= most for one in (value if isinstance(value, list) else [value]))
