"""The cases that the GPU kernel of an op is tried with, besides those of op.toml."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ovext.gpu.layer import MAX_RANK
from ovext.project.shapes import CUSTOM, DATA_DEPENDENT
from ovext.proof.attribute_values import edge_values
from ovext.proof.layouts import is_broadcast, layouts
from ovext.proof.plan import EDGE, PlannedCase, Wish, drawn_cases, granted, in_dynamic_model
from ovext.proof.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ovext.project import OpDescription

_MOST = 100_000  # elements


def gpu_plan(op: OpDescription, wanted: int, seed: int) -> list[PlannedCase]:
    """Cases for a GPU, which is slow to try: larger than a work-group in each dimension, a third in dynamic models.

    Args:
        op: what is tried.
        wanted: at most how many.
        seed: other drawn cases and other values.
    """
    if any(one.rule in {CUSTOM, DATA_DEPENDENT} for one in op.outputs):
        return []
    ranks = op.gpu.ranks if op.gpu else []
    planned = [case for wish in _gpu_wishes(op) if (case := granted(op, wish))]
    cases = [*planned, *drawn_cases(op, np.random.default_rng(seed), wanted)]
    known = {str((case.trial.shapes, case.trial.attributes)): case for case in cases if _fits_gpu(op, case, ranks)}
    # A kernel gets a text as a macro, so that only texts that it knows are right.
    texts = {
        one.name for one in op.attributes if one.type in {"string", "string[]"} and one.name not in op.test.attributes
    }
    usual = {name: value for name, value in op.example().items() if name in texts}
    chosen = [
        replace(case, trial=Trial(case.trial.shapes, {**case.trial.attributes, **usual}, seed=seed * 1000 + number))
        for number, case in enumerate(list(known.values())[:wanted])
    ]
    several = len(op.outputs) > 1  # which the plugin computes in dynamic models only
    return [
        in_dynamic_model(case, chosen[:number], bounded=number % 2 == 1) if number % 3 == 1 or several else case
        for number, case in enumerate(chosen)
    ]


def _gpu_wishes(op: OpDescription) -> Iterator[Wish]:
    every = sorted(layouts(op), key=lambda one: -len(one.names))
    for layout in every:
        yield Wish("more than a work-group in each dimension", layout, {}, other=17)
    for layout in every:
        yield Wish("a remainder of a work-group", layout, dict.fromkeys(layout.names[-1:], 33))
    for attributes in edge_values(op):
        yield Wish(EDGE, every[0], {}, attributes=attributes)
    for layout in every:
        yield Wish("small", layout, {})


def _fits_gpu(op: OpDescription, case: PlannedCase, ranks: Sequence[int]) -> bool:
    """Whether the plugin can run the case."""
    shapes = case.trial.shapes
    first, *_ = shapes.values()
    if any(not math.prod(shape) or math.prod(shape) > _MOST or len(shape) > MAX_RANK for shape in shapes.values()):
        return False
    ranks_of_inputs = {len(shapes[one.name]) for one in op.inputs if one.align is None}
    if is_broadcast(op) and len(ranks_of_inputs) > 1:
        return False  # the plugin appends dimensions of 1, and numpy prepends them
    return not ranks or len(first) in ranks
