"""What the worker's tasks need to compare an op with its reference in numpy."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import openvino as ov

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Array = np.ndarray[Any, Any]


class Phases:
    """Tells the parent what is being done, should this process die or hang over it."""

    def __init__(self, request: dict[str, Any]) -> None:
        self._file = Path(request["phase_file"])

    def __call__(self, phase: str) -> None:
        self._file.write_text(phase, encoding="utf-8")


def draw_inputs(request: dict[str, Any]) -> list[Array]:
    """Values within the ranges, the same in each run."""
    generator = np.random.default_rng(request["seed"])
    drawn = []
    for tensor in request["inputs"]:
        low, high = tensor["range"]
        values = _drawn(generator, dtype_of(tensor["element"]), low, high, tensor["shape"])
        if tensor["rounded"]:  # as the plugin does before the kernel: not an error of the kernel
            values = values.astype(np.float16).astype(values.dtype)
        drawn.append(values)
    return drawn


def _drawn(generator: np.random.Generator, dtype: np.dtype[Any], low: float, high: float, shape: list[int]) -> Array:
    if dtype.kind == "b":
        return np.asarray(generator.integers(0, 2, shape)).astype(dtype)
    if dtype.kind in "iu":
        lowest = max(int(low), np.iinfo(dtype).min)
        return np.asarray(generator.integers(lowest, max(int(high), lowest), shape, endpoint=True)).astype(dtype)
    return np.asarray(generator.uniform(low, high, shape)).astype(dtype)


def dtype_of(element: str) -> np.dtype[Any]:
    """Numpy's type for an element type of OpenVINO by name, such as "f16"."""
    kind: np.dtype[Any] = getattr(ov.Type, element).to_dtype()
    return kind


def reference_of(request: dict[str, Any]) -> Callable[..., Array | Sequence[Array]]:
    """The function in the op's reference.py that has the name of the op's folder."""
    return _function_in(Path(request["reference"]))


@cache
def _function_in(file: Path) -> Callable[..., Array | Sequence[Array]]:
    spec = importlib.util.spec_from_file_location("ovext_reference", file)
    if spec is None or spec.loader is None or not file.is_file():
        raise RuntimeError(f"{file}: the op has no reference")
    sys.dont_write_bytecode = True  # leave nothing in the user's project
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever the author's code raises is an answer
        raise RuntimeError(f"{file}: it cannot be imported: {type(error).__name__}: {error}") from error
    function: Callable[..., Array | Sequence[Array]] | None = getattr(module, file.parent.name, None)
    if function is None:
        raise RuntimeError(f"{file}: there is no function '{file.parent.name}'")
    return function


def expected_output(request: dict[str, Any], inputs: list[Array]) -> Array:
    """What the reference computes: its first output where it gives several. Raises as call_reference does."""
    return np.asarray(call_reference(request, inputs)[0])


def call_reference(request: dict[str, Any], inputs: list[Array]) -> Sequence[Array]:
    """The outputs that the reference computes.

    It may change what it is given, which are copies. f16, whose sums in numpy are rounded at each step, comes as f32.

    Raises:
        RuntimeError: it fails; the text names its line.
    """
    reference = reference_of(request)
    try:
        # Of NaN and infinities numpy warns; the author's code is to compute with them.
        with np.errstate(all="ignore"):
            results = reference(*map(_own_copy, inputs), **request["attributes"])
    except Exception as error:  # whatever the author's code raises is an answer
        last = traceback.extract_tb(error.__traceback__)[-1]
        problem = f"the reference fails: {type(error).__name__}: {error}"
        raise RuntimeError(f"{last.filename}:{last.lineno}: {problem}") from error
    if results is None:
        raise RuntimeError(f"{request['reference']}: the reference returns nothing")
    outputs: Sequence[Array] = results if isinstance(results, (list, tuple)) else [np.asarray(results)]
    return outputs


def _own_copy(values: Array) -> Array:
    return values.astype(np.float32 if values.dtype == np.float16 else values.dtype)


def compare(actual: Array, expected: Array, tolerance: dict[str, float]) -> dict[str, Any]:
    """The largest errors, how many elements are off by more than absolute + relative * |expected|, and the worst."""
    if actual.shape != expected.shape:
        return {"shape": f"{list(actual.shape)} instead of {list(expected.shape)}", "agrees": False}
    wide, truth = actual.astype(np.float64), expected.astype(np.float64)
    same = (wide == truth) | (np.isnan(wide) & np.isnan(truth))
    scale = np.abs(truth)
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = np.where(same, 0.0, np.abs(wide - truth))
        difference = np.where(np.isnan(difference), np.inf, difference)
        relative = np.where((difference == 0) | (scale == 0), 0.0, difference / scale)
    allowed = tolerance["absolute"] + tolerance["relative"] * np.where(np.isfinite(scale), scale, 0.0)
    wrong = int(np.count_nonzero(difference > allowed))
    return {
        "absolute": _finite(difference),
        "relative": _finite(relative),
        "agrees": wrong == 0,
        "wrong": wrong,
        "elements": difference.size,
        "worst": _worst(wide, truth, difference - allowed) if wrong else "",
    }


def _finite(errors: Array) -> float:
    """The largest, as a number that JSON has."""
    return float(np.nan_to_num(errors.max(initial=0.0), posinf=np.finfo(np.float64).max))


def _worst(actual: Array, expected: Array, excess: Array) -> str:
    index = np.unravel_index(int(np.argmax(excess)), excess.shape)
    place = ", ".join(map(str, index))
    return f"at [{place}]: {actual[index]:.6g} instead of {expected[index]:.6g}"
