"""Comparing the reference of an op with a function that computes the same, such as one of PyTorch."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from ovext.worker.author_code import in_arguments
from ovext.worker.phases import REFERENCE, Phases
from ovext.worker.tasks.compare import compared
from ovext.worker.tasks.reference import expected_outputs
from ovext.worker.tasks.values import draw

if TYPE_CHECKING:
    from collections.abc import Callable


def run(request: dict[str, Any]) -> dict[str, Any]:
    """What differs. `impossible` says why nothing was compared."""
    say = Phases(request)
    path: str = request["same_as"]
    try:
        function = _function(path)
    except ImportError as error:
        return {"impossible": f"the package {str(error.name).partition('.')[0]} is not installed"}
    except AttributeError as error:
        return {"problem": f"there is no {path}: {error}"}
    results = []
    for one in request["runs"]:
        say(REFERENCE)
        inputs = draw({**request, **one}, one["shapes"])
        expected = expected_outputs(request, inputs)
        say(f"calling {path}")
        try:
            given_inputs = list(map(_given(path), inputs))
            given = function(*in_arguments(request["reference_arguments"], given_inputs), **request["attributes"])
        except Exception as error:  # noqa: BLE001  whatever the function raises
            return {"problem": f"{path} fails: {type(error).__name__}: {error}"}
        theirs = given if isinstance(given, (list, tuple)) else [given]
        results += compared(request, path, expected, [np.asarray(each) for each in theirs])
    return {"results": results}


def _function(path: str) -> Callable[..., Any]:
    module, _, name = path.rpartition(".")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function


def _given(path: str) -> Callable[[Any], Any]:
    """What makes an input of the function of an array: PyTorch's take its tensors, in 64 bits where they can be."""
    if path.partition(".")[0] != "torch":
        return _wide
    torch = importlib.import_module("torch")
    return lambda values: torch.from_numpy(_wide(values))


def _wide(values: Any) -> Any:
    return values.astype(np.float64) if values.dtype.kind == "f" else values.copy()
