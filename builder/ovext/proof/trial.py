"""One trial of an op."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from ovext.errors import UsageError
from ovext.project.forms import form_with
from ovext.project.shapes import CUSTOM, DATA_DEPENDENT, bound_sizes, output_shapes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ovext.project import OpDescription
    from ovext.project.attributes import AttributeValue
    from ovext.project.shapes import Shape

Values = Literal["zeros", "uniform", "narrow", "large", "extremes", "specials"]
Shapes = dict[str, "Shape"]


@dataclass(frozen=True)
class Trial:
    """Shapes, attributes and values.

    With `before`, the model's dimensions are not known until it runs, and it runs with those shapes first; with
    `bounded`, it knows that they lie between the two. With
    `parts`, the inputs are parts of larger tensors. `outputs` are the shapes that no rule determines. `given` are the
    values of inputs that are not drawn.
    """

    shapes: Shapes
    attributes: dict[str, AttributeValue] = field(default_factory=dict)
    values: Values = "uniform"
    seed: int = 0
    before: Shapes | None = None
    bounded: bool = False
    parts: bool = False
    outputs: Shapes = field(default_factory=dict)
    given: dict[str, Any] = field(default_factory=dict)

    @property
    def elements(self) -> int:
        """How many the largest input has, in any run."""
        return max(map(math.prod, [*self.shapes.values(), *(self.before or {}).values()]), default=1)

    def to_json(self) -> str:
        """The text for `--case`; defaults are left out."""
        data = {name: value for name, value in asdict(self).items() if value != _DEFAULTS[name]}
        return json.dumps(data)


_DEFAULTS = asdict(Trial({}))  # every trial of an op has shapes


def trial_from_json(text: str, op: OpDescription) -> Trial:
    """The trial of a form of the op that `to_json` wrote.

    Raises:
        UsageError: it is not a trial of this op.
    """
    try:
        data = json.loads(text)
        shapes = {name: as_shapes(data.get(name)) for name in ("before", "outputs") if name in data}
        trial = Trial(**{**data, **shapes, "shapes": as_shapes(data["shapes"])})
        why = _misfit(op, trial)
    except KeyError as error:
        why = f"it needs {error}"
    except (ValueError, TypeError, AttributeError) as error:
        why = str(error)
    if why:
        raise UsageError(f"--case {text} is no case of {op.type}: {why}")
    return trial


def form_of_case(op: OpDescription, text: str) -> OpDescription:
    """The form of the op that has the inputs of a case in JSON. Raises the same error as trial_from_json."""
    try:
        return form_with(op, json.loads(text)["shapes"])
    except KeyError as error:
        why = f"it needs {error}"
    except (ValueError, TypeError) as error:
        why = str(error)
    raise UsageError(f"--case {text} is no case of {op.type}: {why}")


def _misfit(op: OpDescription, trial: Trial) -> str:
    """Why it is no trial of the op; empty if it is one."""
    return next(_misfits(op, trial), "")


def _misfits(op: OpDescription, trial: Trial) -> Iterator[str]:
    known = {one.name: one for one in op.attributes}
    inputs, outputs = [one.name for one in op.inputs], [one.name for one in op.outputs]
    named: list[tuple[str, set[str], set[str]]] = [
        ("attribute", {*trial.attributes}, {*known}),
        ("output", {*trial.outputs}, {*outputs}),
        ("input", {*trial.given}, {*inputs}),
    ]
    for what, given, names in named:
        if unknown := sorted(given - names):
            yield f"the op has no {what} {', '.join(unknown)}"
    yield from (why for name, value in trial.attributes.items() if (why := known[name].refusal_of(value)))
    sets = [trial.shapes] if trial.before is None else [trial.shapes, trial.before]
    if any(set(shapes) != set(inputs) for shapes in sets):
        yield "it must give one shape for each input"
    if any(len(shapes[name]) != len(trial.shapes[name]) for shapes in sets for name in inputs):
        yield "'before' has other numbers of dimensions"
    if trial.values not in get_args(Values):
        yield f"values are {', '.join(get_args(Values))}"
    for shapes in sets:
        bound_sizes(op, shapes, op.all_values(trial.attributes))
        ruled_shapes(op, shapes, trial.attributes)


def as_shapes(given: Any) -> Any:
    """Lists of sizes by name, as JSON and op.toml have them, as shapes; None for None."""
    return None if given is None else {name: tuple(shape) for name, shape in given.items()}


def ranges_of(op: OpDescription, shapes: Shapes, attributes: dict[str, AttributeValue]) -> list[tuple[float, float]]:
    """The lowest and the highest value of each input."""
    sizes = bound_sizes(op, shapes, op.all_values(attributes)).known
    return [op.meaning_of(one.name).limits(sizes) or op.range_of(one.name) for one in op.inputs]


def ruled_shapes(op: OpDescription, shapes: Shapes, attributes: dict[str, AttributeValue]) -> Sequence[Shape] | None:
    """The output shapes according to the rules in op.toml; None if the rules do not determine all of them."""
    if any(one.rule in {CUSTOM, DATA_DEPENDENT} for one in op.outputs):
        return None
    by_name = output_shapes(op, shapes, op.all_values(attributes))
    return [by_name[one.name] for one in op.outputs]
