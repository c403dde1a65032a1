"""The differences between results and what they should be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ovext.worker.tasks.values import rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovext.worker.tasks.values import Array

_ROUNDED = {"f16", "bf16", "f32"}


def compared(
    request: dict[str, Any], how: str, actual: Sequence[Array], expected: Sequence[Array]
) -> list[dict[str, Any]]:
    """One result for each output. The reference is rounded to the output's type: what is too large is infinite."""
    truth = expected_values(request, expected)
    return [
        {"how": how, "output": number, **compare(got, wanted, request["tolerances"][number])}
        for number, (got, wanted) in enumerate(zip(actual, truth, strict=True))
    ]


def expected_values(request: dict[str, Any], expected: Sequence[Array]) -> list[Array]:
    """The outputs of the reference, floating-point ones rounded to the outputs' types."""
    pairs = zip(expected, request["output_types"], strict=True)
    return [rounded(one, element) if element in _ROUNDED else one for one, element in pairs]


def by_rules(shapes: Sequence[Sequence[int]], expected: Sequence[Array]) -> list[dict[str, Any]]:
    """One result for each output whose shape in the reference differs from the rule in op.toml."""
    return [
        {
            "check": "shapes",
            "how": "the rule in op.toml",
            "output": number,
            "shape": f"{list(wanted.shape)} by the reference, and {list(shape)} by the rule",
            "agrees": False,
        }
        for number, (shape, wanted) in enumerate(zip(shapes, expected, strict=True))
        if list(wanted.shape) != list(shape)
    ]


def compare(actual: Array, expected: Array, tolerance: dict[str, float]) -> dict[str, Any]:
    """The largest errors, how many elements are off by more than absolute + relative * |expected|, and the worst.

    `of_tolerance` is the largest error in units of that: results agree up to 1.
    """
    if actual.shape != expected.shape:
        shape = f"{list(actual.shape)} instead of {list(expected.shape)}"
        return {"check": "shapes", "shape": shape, "agrees": False}
    if actual.dtype == object:
        return _compare_texts(actual, expected)
    wide, truth = actual.astype(np.float64), expected.astype(np.float64)
    same = (wide == truth) | (np.isnan(wide) & np.isnan(truth))
    scale = np.abs(truth)
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = np.where(same, 0.0, np.abs(wide - truth))
        difference = np.where(np.isnan(difference), np.inf, difference)
        relative = np.where((difference == 0) | (scale == 0), 0.0, difference / scale)
    allowed = tolerance["absolute"] + tolerance["relative"] * np.where(np.isfinite(scale), scale, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_tolerance = np.where(difference == 0, 0.0, difference / allowed)
    wrong = int(np.count_nonzero(difference > allowed))
    return {
        "check": "numbers",
        "absolute": _finite(difference),
        "relative": _finite(relative),
        "of_tolerance": _finite(of_tolerance),
        "agrees": wrong == 0,
        "wrong": wrong,
        "elements": difference.size,
        "worst": _worst(wide, truth, difference - allowed) if wrong else "",
    }


def _compare_texts(actual: Array, expected: Array) -> dict[str, Any]:
    """The same for strings, which are right or wrong."""
    wrong = np.argwhere(np.asarray(actual != expected.astype(object)))
    worst = ""
    if len(wrong):
        index = tuple(wrong[0])
        worst = f"at [{', '.join(map(str, index))}]: {actual[index]!r} instead of {expected[index]!r}"
    off = 1.0 if worst else 0.0
    result = {"check": "numbers", "absolute": 0.0, "relative": off, "of_tolerance": 2 * off, "agrees": not worst}
    return {**result, "wrong": len(wrong), "elements": actual.size, "worst": worst}


def _finite(errors: Array) -> float:
    """The largest error, as a number that JSON has."""
    return float(np.nan_to_num(errors.max(initial=0.0), posinf=np.finfo(np.float64).max))


def _worst(actual: Array, expected: Array, excess: Array) -> str:
    index = np.unravel_index(int(np.argmax(excess)), excess.shape)
    place = ", ".join(map(str, index))
    off, size = abs(actual[index] - expected[index]), abs(expected[index])
    relative = f" (relative {off / size:.2g})" if size and np.isfinite(off) else ""
    return f"at [{place}]: {actual[index]:.9g} instead of {expected[index]:.9g}, off by {off:.2g}{relative}"
