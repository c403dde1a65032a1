"""What a kernel computes in parallel, and the memory that it has: the table [kernel] of op.toml."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ovext.errors import nearest
from ovext.project.dims import REST, parse_dim
from ovext.project.shapes import check_formula, names_in, parse_formula

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovext.project.op import OpDescription, Output


def named_dims(op: OpDescription) -> list[str]:
    """The names of all dimensions, in order; with REST if an input has such dimensions."""
    entries = [parse_dim(dim) for tensor in op.inputs for dim in tensor.dims or ()]
    names = [REST if one.is_rest else one.name for one in entries if one.is_rest or one.name]
    return list(dict.fromkeys(names))


def parallel_dims(op: OpDescription) -> list[str]:
    """The leading dimensions of every output whose combinations are the rows that kernels compute in parallel.

    By default these are all that outputs share, without the last dimension of an output that is also the last of an
    input: a kernel may compute something over it.
    """
    if op.kernel.parallel is not None:
        return op.kernel.parallel
    leading = [list(_outer(op, one)) for one in op.outputs]
    common = []
    for same in zip(*leading, strict=False):
        if len(set(same)) > 1:
            break
        common.append(same[0])
    return common


def leading_dims(op: OpDescription, output: Output) -> list[str]:
    """The first dimensions of the output that are dimensions of inputs, by their names."""
    known = named_dims(op)
    leading = []
    for dim in _shape(op, output):
        if dim not in known:
            break
        leading.append(dim)
    return leading


def _outer(op: OpDescription, output: Output) -> list[str]:
    leading, shape = leading_dims(op, output), _shape(op, output)
    last = {tensor.dims[-1] for tensor in op.inputs if tensor.dims and len(tensor.dims) > 1}
    return leading[:-1] if len(leading) == len(shape) and leading and leading[-1] in last else leading


def _shape(op: OpDescription, output: Output) -> list[str]:
    if isinstance(output.shape, list):
        return output.shape
    wanted = output.shape or op.first_input
    return next((tensor.dims or [] for tensor in op.inputs if tensor.name == wanted), [])


def contradictions_of_kernel(op: OpDescription) -> Iterator[tuple[str, str]]:
    """What is wrong with [kernel]: the key, and a sentence."""
    for output in op.outputs if op.kernel.parallel is not None else ():
        leading = leading_dims(op, output)
        wanted = op.kernel.parallel or []
        if leading[: len(wanted)] != wanted:
            first = f"begins with {', '.join(leading)}" if leading else "begins with no dimension of an input"
            yield "parallel", f"rows are the first dimensions of each output, and '{output.name}' {first}"
    if not op.kernel.scratch:
        return
    try:
        check_formula(op.kernel.scratch)
        tree, names = parse_formula(op.kernel.scratch), names_in(op.kernel.scratch)
    except ValueError as error:
        yield "scratch", str(error)
        return
    known = [name for name in named_dims(op) if name != REST]
    for name in sorted(names - {*known}):
        yield "scratch", f"'{name}' is no dimension of an input{nearest(name, known)}"
    if any(isinstance(one, (ast.FloorDiv, ast.Mod, ast.Sub, ast.USub, ast.Compare)) for one in ast.walk(tree)):
        yield "scratch", "a number of bytes is made of sizes and numbers with + * min max"
