"""Simpler cases than one that failed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ovext.proof.plan import PlannedCase, checked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovext.project import OpDescription


def smaller_cases(op: OpDescription, case: PlannedCase) -> Iterator[PlannedCase]:
    """Simpler cases than this one, the simplest first."""
    trial = case.trial
    simple = [
        replace(trial, before=None, bounded=False),
        replace(trial, bounded=False),
        replace(trial, parts=False),
        replace(trial, values="uniform"),
        replace(trial, seed=0),
        *(replace(trial, attributes={**trial.attributes, k: v}) for k, v in op.example().items()),
    ]
    for one in simple:
        if one != trial and (simpler := checked(op, replace(case, trial=one), op.test.largest)):
            yield simpler
    if trial.before is not None:
        yield case.with_shapes_before()
    for name, size in case.sizes.items():
        low = max(1, op.test.smallest)
        halves = (size - (size >> shift) for shift in range(1, size.bit_length()))
        for other in dict.fromkeys((low, *halves)):
            if low <= other < size:
                smaller = checked(op, replace(case, sizes={**case.sizes, name: other}), op.test.largest)
                if smaller and trial.before is not None:
                    smaller = replace(smaller, trial=replace(smaller.trial, before=smaller.trial.shapes))
                if smaller:
                    yield smaller
