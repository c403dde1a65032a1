"""Rules on work sizes: each expression is evaluated for shapes, as the plugin would do it."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from ovext.gpu.expressions import ALL_ONES, DivisionByZeroError, ExpressionError, evaluate, of_dims, split
from ovext.gpu.layer import four_dims
from ovext.gpu.place import error, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovext.gpu.layer import Layer, Sample, Use, WorkSizes
    from ovext.gpu.place import PlacedFinding

MAX_DIMENSIONS = 3
_SHOWN = 80  # characters of an expression in a message
_DIM = re.compile(r"input(?:$|,\s*\+?(\d{1,9}))")  # the plugin ignores what follows the number
MAX_LOCAL = 256  # the work items in a group that every Intel GPU since Gen9 supports


def work_sizes_of(layer: Layer, sample: Sample) -> tuple[list[int], list[int]]:
    """Global and local work sizes for the first output of the sample, as the plugin computes them.

    Raises:
        ExpressionError: an expression is not valid, or divides by zero.
    """
    sizes = layer.work_sizes
    if sizes is None or not sizes.global_sizes:
        return [math.prod(sample.outputs[0])], []
    dims = of_dims(four_dims(sample.outputs[0]))
    return (
        [evaluate(one, dims) for one in split(sizes.global_sizes)],
        [evaluate(one, dims) for one in split(sizes.local_sizes)],
    )


def check_sizes(layer: Layer, use: Use) -> Iterator[PlacedFinding]:
    sizes = layer.work_sizes
    if sizes is None or not sizes.global_sizes:
        text = "without global work sizes the layer fails in a model with dynamic shapes"
        yield warning("no-global", layer.place_of_sizes, text, 'Write <WorkSizes global="X,Y,B*F"/>.')
    if sizes is None:
        return
    yield from _dim(sizes, use)
    yield from _form(sizes)
    seen: set[tuple[str, str]] = set()
    for sample in use.samples if use.is_known else ():
        for expression, finding in _for_sample(layer, sizes, sample):
            if (finding.code, expression) not in seen:
                seen.add((finding.code, expression))
                yield finding
    local = math.prod(_constant(one) or 1 for one in split(sizes.local_sizes))
    if local > MAX_LOCAL:
        text = f"{local} work items in a group are more than every Intel GPU takes ({MAX_LOCAL})"
        yield warning("local-large", sizes.place, text, "Make the local sizes smaller.")


def _constant(expression: str) -> int | None:
    """The value of an expression without dimensions; None for any other."""
    if re.search("[A-Za-z]", expression):
        return None
    try:
        return evaluate(expression, ALL_ONES)
    except ExpressionError:
        return None


def _dim(sizes: WorkSizes, use: Use) -> Iterator[PlacedFinding]:
    if sizes.dim in {None, "", "output"}:
        return
    match = _DIM.match(str(sizes.dim))
    port = int(match[1] or 0) if match else 0
    if match is None:
        text = f"the plugin knows no dim '{sizes.dim}'"
        yield error("dim", sizes.place, text, "Leave it out: the output's sizes are used.")
    elif port >= use.inputs:
        text = f"dim names input {port}, but the op has {use.inputs}"
        yield error("dim", sizes.place, text, "Leave it out: the output's sizes are used.")
    else:
        other = any(sample.inputs[port] != sample.outputs[0] for sample in use.samples)
        state = error if other else warning
        text = f"despite dim='{sizes.dim}' B, F, Y and X are the output's; dynamic shapes fail with it"
        yield state("dim-ignored", sizes.place, text, "Leave it out, and write the sizes in terms of the output.")


def _form(sizes: WorkSizes) -> Iterator[PlacedFinding]:
    for name, listed in (("global", sizes.global_sizes or ""), ("local", sizes.local_sizes)):
        expressions = split(listed)
        if listed.endswith(","):
            text = f"the {name} sizes end with a comma, which the plugin ignores"
            yield warning("size-syntax", sizes.place, text, "Remove it.")
        if len(expressions) > MAX_DIMENSIONS:
            text = f"there are {len(expressions)} {name} sizes; OpenCL takes at most {MAX_DIMENSIONS}"
            yield error("size-count", sizes.place, text, "Multiply some of them, such as B*F.")
        for expression in expressions:
            try:
                evaluate(expression, ALL_ONES)
            except DivisionByZeroError:
                text = f"'{expression}' divides by zero where B, F, Y and X are 1, as they are when the layer is loaded"
                fix = "Divide by a number, or by a dimension itself; the process would die."
                yield error("size-zero-division", sizes.place, text, fix)
            except ExpressionError as problem:
                text = f"the {name} size '{expression[:_SHOWN]}' is not valid: {problem}"
                yield error("size-syntax", sizes.place, text, "Write something like X, (Y+15)/16*16 or B*F.")


def _for_sample(layer: Layer, sizes: WorkSizes, sample: Sample) -> Iterator[tuple[str, PlacedFinding]]:
    """Each finding with the expression that it is about."""
    if not math.prod(sample.outputs[0]):
        return  # the plugin skips an op with nothing to compute
    try:
        global_sizes, local_sizes = work_sizes_of(layer, sample)
    except DivisionByZeroError:
        text = f"a work size divides by zero for {sample}; the process would die"
        yield "", error("size-zero-division", sizes.place, text, "Divide by what is never 0.")
        return
    except ExpressionError:
        return
    for expression, size in zip(split(sizes.global_sizes or "") or ["1"], global_sizes, strict=True):
        if size < 0:
            text = f"'{expression}' is {size} for {sample}; the plugin makes a huge number of it, and hangs or dies"
            yield expression, error("size-negative", sizes.place, text, "Let no size become negative.")
        elif size == 0:
            text = f"'{expression}' is 0 for {sample}; the kernel is not run, and the output stays undefined"
            yield expression, error("size-zero", sizes.place, text, "Round up: (X+15)/16.")
    # Since OpenCL 2 a program may request groups that are smaller at the end.
    uneven = re.search(r"-cl-std=CL[23]", layer.options)
    for total, local, expression in zip(global_sizes, local_sizes, split(sizes.local_sizes), strict=False):
        if not uneven and (local <= 0 or total % local):
            text = f"the local size {local} does not divide the global size {total} for {sample}; inference fails"
            fix = "Round the global size up to a multiple, and return early in the kernel."
            yield expression, error("local-size", sizes.place, text, fix)
