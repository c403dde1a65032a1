"""Where an op is tried, and what the worker must know to try it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ovext.models.ir import TensorType, one_op_model
from ovext.project.shapes import bound_sizes, output_shapes
from ovext.proof.trial import Trial, ruled_shapes

if TYPE_CHECKING:
    from ovext.project import OpDescription
    from ovext.project.attributes import AttributeValue
    from ovext.proof.trial import Shapes


@dataclass(frozen=True)
class Setting:
    """What trials have in common: an op, the element types of its inputs and outputs, and where it is computed."""

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
        return ",".join(element for one, element in inputs if not isinstance(one.types, str))

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
        cases = [(case.sizes(), case.attributes) for case in op.test.cases]
        trials: list[Trial] = []
        for number, (shapes, attributes) in enumerate(cases):
            before = cases[number - 1][0]
            same_ranks = all(len(before[name]) == len(shape) for name, shape in shapes.items())
            fits = same_ranks and _is_valid(op, before, attributes)
            trials.append(Trial(shapes, attributes))
            trials.append(Trial(shapes, attributes, before=before if fits else shapes))
            trials.append(Trial(shapes, attributes, parts=True))
        return trials

    def model(
        self,
        shapes: Shapes,
        attributes: dict[str, AttributeValue],
        *,
        dynamic: bool = False,
        extra_inputs: int = 0,
    ) -> str:
        """A one-op model; with `dynamic` only its ranks are known. Extra inputs are like the first."""
        tensors = [
            TensorType(element, (-1,) * len(shapes[one.name]) if dynamic else shapes[one.name])
            for element, one in zip(self.input_types, self.op.inputs, strict=True)
        ]
        values = self.op.ir_attributes(self.op.all_values(attributes))
        tensors += tensors[:1] * extra_inputs
        return one_op_model(self.op.type, self.op.opset, tensors, values, outputs=len(self.op.outputs))

    def common(self, attributes: dict[str, AttributeValue]) -> dict[str, Any]:
        """The part of a request that every task about numbers needs."""
        op = self.op
        tolerances = [op.tolerance(self.computed_in(element)).model_dump() for element in self.output_types]
        return {
            "input_types": self.input_types,
            "output_types": self.output_types,
            "attributes": op.all_values(attributes),
            "reference": str(op.folder / "reference.py"),
            "ranges": [op.range_of(one.name) for one in op.inputs],
            "rounded_to": [self.computed_in(element) for element in self.input_types],
            "specials": op.test.specials,
            "tolerances": tolerances,
        }

    def request(self, trial: Trial) -> dict[str, Any]:
        """The request for the task."""
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


def _is_valid(op: OpDescription, shapes: Shapes, attributes: dict[str, AttributeValue]) -> bool:
    try:
        bound_sizes(op, shapes, op.all_values(attributes))
        given: Any = {one.name: () for one in op.outputs}
        output_shapes(op, shapes, op.all_values(attributes), given)
    except ValueError:
        return False
    return True
