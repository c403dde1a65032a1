"""Call the reference of an op, which its author wrote in numpy."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ovext.worker.author_code import in_arguments, module_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from ovext.worker.tasks.values import Array


MAKE_INPUTS = "make_inputs"


class WrongReferenceError(RuntimeError):
    """The author's reference failed."""

    is_reference = True


def expected_outputs(request: dict[str, Any], inputs: Sequence[Array]) -> list[Array]:
    """The outputs that the reference computes.

    It may change its inputs, which are copies. f16 inputs become f32, because numpy rounds sums of f16 at each step.

    Raises:
        WrongReferenceError: it fails (the text names its line), or it returns too many or too few outputs.
    """
    expected = _called(request, inputs)
    if len(expected) != len(request["output_types"]):
        raise WrongReferenceError(f"the reference returns {len(expected)} outputs, not {len(request['output_types'])}")
    return [np.asarray(one) for one in expected]


def made_inputs(
    request: dict[str, Any], shapes: Sequence[Sequence[int]], generator: np.random.Generator
) -> dict[str, Array]:
    """The inputs that the author's make_inputs() makes, by name; none if reference.py has no such function.

    Raises:
        WrongReferenceError: it fails, or it returns something else than inputs of these shapes.
    """
    file = Path(request["reference"])
    function = getattr(_module(file), MAKE_INPUTS, None) if file.is_file() else None
    if function is None:
        return {}
    named = dict(zip(request["input_names"], map(tuple, shapes), strict=True))
    made = _run(lambda: function(named, generator, **request["attributes"]))
    if not isinstance(made, dict) or set(made) - set(named):
        raise WrongReferenceError(f"{file}: the reference's {MAKE_INPUTS}() must return some inputs by name")
    for name, values in made.items():
        if np.shape(values) != named[name]:
            problem = f"{MAKE_INPUTS}() makes '{name}' of shape {list(np.shape(values))}, not {list(named[name])}"
            raise WrongReferenceError(f"{file}: the reference's {problem}")
    return {name: np.asarray(values) for name, values in made.items()}


def _run(function: Callable[[], Any]) -> Any:
    """What the author's code returns."""
    try:
        # numpy warns of NaN and infinities, but the author's code must compute with them.
        with np.errstate(all="ignore"):
            return function()
    except Exception as error:  # whatever the author's code raises is an answer
        last = traceback.extract_tb(error.__traceback__)[-1]
        problem = f"the reference fails: {type(error).__name__}: {error}"
        raise WrongReferenceError(f"{last.filename}:{last.lineno}: {problem}") from error


def _called(request: dict[str, Any], inputs: Sequence[Array]) -> Sequence[Array]:
    function = _function_in(Path(request["reference"]))
    given = in_arguments(request["reference_arguments"], list(map(_own_copy, inputs)))
    results = _run(lambda: function(*given, **request["attributes"]))
    if results is None:
        raise WrongReferenceError(f"{request['reference']}: the reference returns nothing")
    return results if isinstance(results, (list, tuple)) else [np.asarray(results)]


def _function_in(file: Path) -> Callable[..., Array | Sequence[Array]]:
    function: Callable[..., Array | Sequence[Array]] | None = getattr(_module(file), file.parent.name, None)
    if function is None:
        raise WrongReferenceError(f"{file}: there is no function '{file.parent.name}'")
    return function


def _module(file: Path) -> ModuleType:
    if not file.is_file():
        raise WrongReferenceError(f"{file}: the op has no reference")
    try:
        return module_of(file)
    except Exception as error:  # whatever the author's code raises is an answer
        raise WrongReferenceError(f"{file}: it cannot be imported: {type(error).__name__}: {error}") from error


def _own_copy(values: Array) -> Array:
    return values.astype(np.float32 if values.dtype == np.float16 else values.dtype)
