"""Shapes of outputs, computed from the rules in op.toml."""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ovext.project.op import AttributeValue, OpDescription, Output

Shape = tuple[int, ...]
LONGEST = 200
BROADCAST = "broadcast"

_OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


def output_shapes(
    op: OpDescription, shapes: Mapping[str, Shape], attributes: Mapping[str, AttributeValue]
) -> dict[str, Shape]:
    """The shape of each output, by name, for these shapes of the inputs.

    Raises:
        ValueError: the shapes do not fit the rules; the text says why.
    """
    known: dict[str, int] = {name: value for name, value in attributes.items() if isinstance(value, int)}
    for tensor in op.inputs:
        if tensor.dims is None:
            continue
        shape = shapes[tensor.name]
        if len(shape) != len(tensor.dims):
            raise ValueError(f"'{tensor.name}' has the dimensions {', '.join(tensor.dims)}, not {list(shape)}")
        for name, size in zip(tensor.dims, shape, strict=True):
            if known.setdefault(name, size) != size:
                raise ValueError(f"the dimension {name} is {known[name]} and, in '{tensor.name}', {size}")
    return {output.name: _shape_of(output, op, shapes, known) for output in op.outputs}


def _shape_of(output: Output, op: OpDescription, shapes: Mapping[str, Shape], known: Mapping[str, int]) -> Shape:
    if isinstance(output.shape, list):
        return tuple(evaluate(formula, known) for formula in output.shape)
    if output.shape == BROADCAST:
        import numpy as np  # noqa: PLC0415  seldom needed, and slow to import

        return np.broadcast_shapes(*shapes.values())
    return shapes[output.shape or op.inputs[0].name]


def evaluate(formula: str, known: Mapping[str, int]) -> int:
    """The value of a formula of whole numbers and names, with + - * // % ( ) min() and max().

    Raises:
        ValueError: it is no such formula, names something unknown, or divides by zero.
    """
    if len(formula) > LONGEST:
        raise ValueError(f"a formula is longer than {LONGEST} characters")
    try:
        return _value(ast.parse(formula, mode="eval").body, known)
    except SyntaxError:
        raise ValueError(f"'{formula}' is no formula") from None
    except ZeroDivisionError:
        raise ValueError(f"'{formula}' divides by zero") from None


def _value(node: ast.expr, known: Mapping[str, int]) -> int:
    match node:
        case ast.Constant(value=int(number)):
            return number
        case ast.Name(id=name) if name in known:
            return known[name]
        case ast.Name(id=name):
            raise ValueError(f"'{name}' is neither a dimension nor a whole-number attribute")
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, known)
        case ast.BinOp(left=left, op=operation, right=right) if type(operation) in _OPERATORS:
            return _OPERATORS[type(operation)](_value(left, known), _value(right, known))
        case ast.Call(func=ast.Name(id="min" | "max" as name), args=[_, _, *_] as arguments, keywords=[]):
            return (min if name == "min" else max)(_value(one, known) for one in arguments)
        case _:
            raise ValueError(f"'{ast.unparse(node)}' may not stand in a formula; allowed are + - * // % ( ) min max")
