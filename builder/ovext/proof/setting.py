"""Where an op is tried, and what the worker must know to try it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from ovext.models.ir import TensorType, one_op_model
from ovext.project.forms import arguments_of, form_text
from ovext.project.shapes import DATA_DEPENDENT, bound_sizes, output_shapes
from ovext.proof.trial import Trial, ranges_of, ruled_shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ovext.project import OpDescription
    from ovext.project.attributes import AttributeValue
    from ovext.project.shapes import Shape
    from ovext.proof.trial import Shapes


@dataclass(frozen=True)
class Setting:
    """What trials have in common: a form of an op, the element types of its tensors, and where it is computed."""

    op: OpDescription
    types: tuple[str, ...]
    task: ClassVar[str] = "numbers"  # the worker's task, which computes a trial and compares the results

    @property
    def input_types(self) -> tuple[str, ...]:
        return self.types[: len(self.op.inputs)]

    @property
    def output_types(self) -> tuple[str, ...]:
        return self.types[len(self.op.inputs) :]

    @property
    def types_text(self) -> str:
        """The element types of the inputs that do not follow from others, such as "f32" or "f32,i64"."""
        inputs = zip(self.op.inputs, self.types, strict=False)
        types = ",".join(element for one, element in inputs if not isinstance(one.types, str))
        return f"{types} {form_text(self.op)}".strip() or "no inputs"

    def computed_in(self, element: str) -> str:
        """The type in which a tensor of the type `element` reaches the op."""
        return element

    def obstacle(self, trial: Trial) -> str:
        """Why the trial cannot be computed here; empty if it can."""
        del trial
        return ""

    def given(self) -> list[Trial]:
        """Each case of op.toml in a static model, in a dynamic one (after another case that fits), and with parts."""
        op = self.op
        trials: list[Trial] = []
        for number, case in enumerate(op.test.cases):
            shapes, before = case.sizes(), op.test.cases[number - 1].sizes()
            same_ranks = all(len(before[name]) == len(shape) for name, shape in shapes.items())
            fits = same_ranks and not case.values and is_valid(op, before, case.attributes)
            trial = Trial(shapes, case.attributes, given=case.values)
            trials += [trial, replace(trial, before=before if fits else shapes), replace(trial, parts=True)]
        return trials

    def model(
        self,
        shapes: Shapes,
        attributes: dict[str, AttributeValue],
        *,
        dims: Callable[[Shape, str], Sequence[int | tuple[int, int]]] | None = None,
    ) -> str:
        """A one-op model.

        Args:
            shapes: the shapes of the inputs.
            attributes: the attributes; others have an example's value.
            dims: what the model knows of an input's dimensions; by default its shape.
        """
        known = {name: tuple(dims(shape, name)) if dims else shape for name, shape in shapes.items()}
        tensors = [
            TensorType(element, known[one.name]) for element, one in zip(self.input_types, self.op.inputs, strict=True)
        ]
        values = self.op.ir_attributes(self.op.all_values(attributes))
        return one_op_model(self.op.type, self.op.opset, tensors, values, outputs=len(self.op.outputs))

    def common(self, attributes: dict[str, AttributeValue]) -> dict[str, Any]:
        """The part of a request that every task about numbers needs."""
        op = self.op
        # bf16 has fewer digits than anything that it is computed in.
        coarsest = [one if one == "bf16" else self.computed_in(one) for one in self.output_types]
        tolerances = [op.tolerance(one).model_dump() for one in coarsest]
        return {
            "type": op.type,
            "input_types": self.input_types,
            "output_types": self.output_types,
            "input_names": [one.name for one in op.inputs],
            "output_names": [one.name for one in op.outputs],
            "free_outputs": [one.rule == DATA_DEPENDENT for one in op.outputs],
            "depends_on_threads": op.test.depends_on_threads,
            "attributes": op.all_values(attributes),
            "reference": str(op.folder / "reference.py"),
            "reference_arguments": arguments_of(op),
            "may_be_large": [one.name not in {*op.test.ranges, *op.test.values} for one in op.inputs],
            "meanings": [op.meaning_of(one.name).to_json() for one in op.inputs],
            "rounded_to": [self.computed_in(element) for element in self.input_types],
            "specials": op.test.specials,
            "tolerances": tolerances,
        }

    def request(self, trial: Trial) -> dict[str, Any]:
        """The request for the task."""
        sets = [trial.before, trial.shapes] if trial.before is not None else [trial.shapes]
        runs = [self._run(shapes, trial) for shapes in sets]
        return {**self.common(trial.attributes), **self.values(trial), "runs": runs, "parts": trial.parts}

    def values(self, trial: Trial) -> dict[str, Any]:
        """The part of a request that says what values the inputs have."""
        given = [trial.given.get(one.name) for one in self.op.inputs]
        return {"values": trial.values, "seed": trial.seed, "given": given}

    def _run(self, shapes: Shapes, trial: Trial) -> dict[str, Any]:
        run: dict[str, Any] = {
            "model": self.model(shapes, trial.attributes, dims=partial(known_dims, trial)),
            "shapes": [shapes[one.name] for one in self.op.inputs],
            "ranges": ranges_of(self.op, shapes, trial.attributes),
        }
        if rules := ruled_shapes(self.op, shapes, trial.attributes):
            run["shapes_of_outputs"] = rules
        return run


def known_dims(trial: Trial, shape: Shape, name: str) -> Sequence[int | tuple[int, int]]:
    """What the trial's model knows of the dimensions of an input."""
    if trial.before is None:
        return shape
    if not trial.bounded:
        return (-1,) * len(shape)
    pairs = zip(trial.before[name], trial.shapes[name], strict=True)
    return [(min(one), max(one)) for one in pairs]


def is_valid(op: OpDescription, shapes: Shapes, attributes: dict[str, AttributeValue]) -> bool:
    """Whether these follow the rules of op.toml."""
    try:
        bound_sizes(op, shapes, op.all_values(attributes))
        given: Any = {one.name: () for one in op.outputs}
        output_shapes(op, shapes, op.all_values(attributes), given)
    except ValueError:
        return False
    return True
