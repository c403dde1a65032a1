"""One thing that an op is tried with, and what the worker must know of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from ovext.errors import UsageError
from ovext.models.ir import TensorType, one_op_model
from ovext.project.shapes import CUSTOM, DATA_DEPENDENT, bound_sizes, output_shapes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovext.project import OpDescription
    from ovext.project.attributes import AttributeValue
    from ovext.project.shapes import Shape

Values = Literal["zeros", "uniform", "extremes", "specials"]
Shapes = dict[str, "Shape"]


@dataclass(frozen=True)
class Trial:
    """Shapes, attributes and values.

    With `before`, the model's dimensions are not known until it runs, and it runs with those shapes first. With
    `parts`, the inputs are parts of larger tensors.
    """

    shapes: Shapes
    attributes: dict[str, AttributeValue] = field(default_factory=dict)
    values: Values = "uniform"
    seed: int = 0
    before: Shapes | None = None
    parts: bool = False

    def to_json(self) -> str:
        """What `--case` takes; defaults are left out."""
        data = {name: value for name, value in asdict(self).items() if value != _DEFAULTS.get(name)}
        return json.dumps(data)


_DEFAULTS: dict[str, Any] = {"attributes": {}, "values": "uniform", "seed": 0, "before": None, "parts": False}


def trial_from_json(text: str, op: OpDescription) -> Trial:
    """What `to_json` wrote.

    Raises:
        UsageError: it is no trial of this op.
    """
    try:
        data = json.loads(text)
        trial = Trial(**{**data, "shapes": _shapes(data["shapes"]), "before": _shapes(data.get("before"))})
        why = _misfit(op, trial)
    except KeyError as error:
        why = f"it needs {error}"
    except (ValueError, TypeError, AttributeError) as error:
        why = str(error)
    if why:
        raise UsageError(f"--case {text} is no case of {op.type}: {why}")
    return trial


def _misfit(op: OpDescription, trial: Trial) -> str:
    known = {one.name: one for one in op.attributes}
    if refused := [why for name, value in trial.attributes.items() if (why := known[name].refusal_of(value))]:
        return "; ".join(refused)
    sets = [trial.shapes] if trial.before is None else [trial.shapes, trial.before]
    if any(set(shapes) != {one.name for one in op.inputs} for shapes in sets):
        return "it must give one shape for each input"
    if trial.values not in get_args(Values):
        return f"values are {', '.join(get_args(Values))}"
    for shapes in sets:
        bound_sizes(op, shapes, op.all_values(trial.attributes))
        ruled_shapes(op, shapes, trial.attributes)
    return ""


def _shapes(given: Any) -> Any:
    return None if given is None else {name: tuple(shape) for name, shape in given.items()}


@dataclass(frozen=True)
class Setting:
    """What trials have in common: an op, and the element types of its inputs and outputs."""

    op: OpDescription
    types: tuple[str, ...]

    @property
    def input_types(self) -> tuple[str, ...]:
        return self.types[: len(self.op.inputs)]

    @property
    def output_types(self) -> tuple[str, ...]:
        return self.types[len(self.op.inputs) :]

    def model(
        self,
        shapes: Shapes,
        attributes: dict[str, AttributeValue],
        *,
        dynamic: bool = False,
        extra_inputs: int = 0,
    ) -> str:
        """A one-op model; with `dynamic` only its ranks are known. Extra inputs are as the first."""
        tensors = [
            TensorType(element, (-1,) * len(shapes[one.name]) if dynamic else shapes[one.name])
            for element, one in zip(self.input_types, self.op.inputs, strict=True)
        ]
        values = self.op.ir_attributes(self.op.all_values(attributes))
        tensors += tensors[:1] * extra_inputs
        return one_op_model(self.op.type, self.op.opset, tensors, values, outputs=len(self.op.outputs))

    def common(self, attributes: dict[str, AttributeValue]) -> dict[str, Any]:
        """What every request about numbers tells the worker."""
        op = self.op
        tolerances = [op.tolerance(element).model_dump() for element in self.output_types]
        return {
            "input_types": self.input_types,
            "output_types": self.output_types,
            "attributes": op.all_values(attributes),
            "reference": str(op.folder / "reference.py"),
            "ranges": [op.range_of(one.name) for one in op.inputs],
            "specials": op.test.specials,
            "tolerances": tolerances,
        }

    def request(self, trial: Trial) -> dict[str, Any]:
        """For the task `numbers`."""
        dynamic = trial.before is not None
        sets = [trial.before, trial.shapes] if trial.before is not None else [trial.shapes]
        runs = [self._run(shapes, trial.attributes, dynamic=dynamic) for shapes in sets]
        common = self.common(trial.attributes)
        return {**common, "runs": runs, "values": trial.values, "seed": trial.seed, "parts": trial.parts}

    def _run(self, shapes: Shapes, attributes: dict[str, AttributeValue], *, dynamic: bool) -> dict[str, Any]:
        run: dict[str, Any] = {
            "model": self.model(shapes, attributes, dynamic=dynamic),
            "shapes": [shapes[one.name] for one in self.op.inputs],
        }
        if rules := ruled_shapes(self.op, shapes, attributes):
            run["shapes_of_outputs"] = rules
        return run


def ruled_shapes(op: OpDescription, shapes: Shapes, attributes: dict[str, AttributeValue]) -> Sequence[Shape] | None:
    """The shapes of the outputs by the rules in op.toml; None where those do not tell all of them."""
    if any(one.rule in {CUSTOM, DATA_DEPENDENT} for one in op.outputs):
        return None
    by_name = output_shapes(op, shapes, op.all_values(attributes))
    return [by_name[one.name] for one in op.outputs]
