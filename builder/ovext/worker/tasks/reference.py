"""Call the reference of an op, which its author wrote in numpy."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ovext.worker.tasks.values import Array


def expected_outputs(request: dict[str, Any], inputs: Sequence[Array]) -> list[Array]:
    """The outputs that the reference computes.

    It may change its inputs, which are copies. f16 inputs become f32, because numpy rounds sums of f16 at each step.

    Raises:
        RuntimeError: it fails (the text names its line), or it returns another number of outputs than the op has.
    """
    expected = _called(request, inputs)
    if len(expected) != len(request["output_types"]):
        raise RuntimeError(f"the reference returns {len(expected)} outputs, not {len(request['output_types'])}")
    return [np.asarray(one) for one in expected]


def _called(request: dict[str, Any], inputs: Sequence[Array]) -> Sequence[Array]:
    function = _function_in(Path(request["reference"]))
    try:
        # numpy warns of NaN and infinities, but the author's code must compute with them.
        with np.errstate(all="ignore"):
            results = function(*map(_own_copy, inputs), **request["attributes"])
    except Exception as error:  # whatever the author's code raises is an answer
        last = traceback.extract_tb(error.__traceback__)[-1]
        problem = f"the reference fails: {type(error).__name__}: {error}"
        raise RuntimeError(f"{last.filename}:{last.lineno}: {problem}") from error
    if results is None:
        raise RuntimeError(f"{request['reference']}: the reference returns nothing")
    return results if isinstance(results, (list, tuple)) else [np.asarray(results)]


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


def _own_copy(values: Array) -> Array:
    return values.astype(np.float32 if values.dtype == np.float16 else values.dtype)
