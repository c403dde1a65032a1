"""Call an op again: with other values at the same addresses, and with the same values at other places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ovext.worker.phases import REFERENCE
from ovext.worker.tasks.alone import Alone, Call, difference, same_values
from ovext.worker.tasks.compare import compared, expected_values
from ovext.worker.tasks.reference import WrongReferenceError, expected_outputs, made_inputs
from ovext.worker.tasks.values import draw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovext.worker.tasks.values import Array

    Result = dict[str, Any]

_MOST = 1 << 14  # elements of a case that is computed again


def again(alone: Alone, inputs: Sequence[Array], expected: Sequence[Array]) -> list[Result]:
    """What further calls show. Only cases with few elements and uniform values are computed again."""
    if alone.request["values"] != "uniform" or sum(one.size for one in inputs) > _MOST:
        return []
    return _state(alone, inputs) or _places(alone, inputs, expected)


def _state(alone: Alone, inputs: Sequence[Array]) -> list[Result]:
    """Other values at the addresses of an earlier call.

    What is wrong is a matter of state if it is right at new addresses, or if it is the result of the earlier call.
    """
    alone.say(REFERENCE)
    others = draw({**alone.request, "seed": alone.request["seed"] + 1}, [one.shape for one in inputs])
    wanted = expected_outputs(alone.request, others)
    shapes = [one.shape for one in wanted]
    earlier = alone.outputs(inputs, shapes, Call())
    got = alone.outputs(others, shapes, Call())
    found = compared(alone.request, "evaluate()", got, wanted)
    if all(one["agrees"] for one in found):
        return []
    elsewhere = compared(alone.request, "evaluate()", alone.outputs(others, shapes, Call(is_elsewhere=True)), wanted)
    if not all(one["agrees"] for one in elsewhere) and not all(map(same_values, earlier, got)):
        return elsewhere
    how = "the next call of evaluate(), with other values"
    return [{**one, "check": "state", "how": how} for one in found if not one["agrees"]]


def _places(alone: Alone, inputs: Sequence[Array], expected: Sequence[Array]) -> list[Result]:
    """The same values one place further in the tensors, for an elementwise op."""
    alone.say(REFERENCE)
    if not _is_elementwise(alone.request, inputs, expected):
        return []
    shapes = [one.shape for one in expected]
    first = alone.outputs(inputs, shapes, Call())
    got = alone.outputs([_rolled(one) for one in inputs], shapes, Call())
    for number, (one, other) in enumerate(zip(first, got, strict=True)):
        if not same_values(_rolled(one), other):
            what = "reference.py is elementwise, and equal elements have other results elsewhere in the tensor"
            problem = f"{what}: {difference(_rolled(one), other)}"
            return [{"check": "places", "output": number, "problem": problem, "agrees": False}]
    return []


def _is_elementwise(request: dict[str, Any], inputs: Sequence[Array], expected: Sequence[Array]) -> bool:
    """Whether one element of the inputs changes one element of the outputs, wherever it is, by the reference."""
    shapes = {one.shape for one in (*inputs, *expected)}
    is_arranged = any(one["sorted"] or one["unique"] for one in request["meanings"])
    if len(shapes) > 1 or not inputs or inputs[0].size < 2 or is_arranged:  # noqa: PLR2004
        return False
    if made_inputs(request, [one.shape for one in inputs], np.random.default_rng()):
        return False
    truth = expected_values(request, expected)
    try:
        changed = expected_values(request, expected_outputs(request, [_with_other_end(one) for one in inputs]))
        rolled = expected_values(request, expected_outputs(request, [_rolled(one) for one in inputs]))
    except WrongReferenceError:  # it takes no NaN
        return False
    others_stay = all(same_values(one.flat[:-1], other.flat[:-1]) for one, other in zip(truth, changed, strict=True))
    return others_stay and all(map(same_values, map(_rolled, truth), rolled))


def _with_other_end(values: Array) -> Array:
    """The values with a last one that changes whatever is computed from it."""
    changed = values.copy()
    last = changed.flat[-1]
    changed.flat[-1] = {"f": np.nan, "b": not last}.get(values.dtype.kind, last + 1)
    return changed


def _rolled(values: Array) -> Array:
    """The values one place further, the last one first."""
    return np.roll(values.reshape(-1), 1).reshape(values.shape)
