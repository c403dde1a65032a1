"""Sizes of dimensions: what the rules in op.toml say about inputs, and the output shapes computed from them."""

from __future__ import annotations

import ast
import operator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

from ovext.project.dims import REST, DimPattern, parse_dim

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ovext.project.attributes import AttributeValue
    from ovext.project.op import Input, OpDescription, Output

Shape = tuple[int, ...]
LONGEST = 200
_PARSING = Lock()  # CPython 3.11 counts the depth of a tree for all threads together, and raises SystemError
BROADCAST, CUSTOM, DATA_DEPENDENT = "broadcast", "custom", "data-dependent"

_OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[int, int], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


@dataclass
class Sizes:
    """What names stand for in a model: dimensions, whole-number attributes, and the rest."""

    known: dict[str, int] = field(default_factory=dict)
    rest: Shape | None = None

    def bind(self, tensor: Input, shape: Shape) -> None:
        """Bind the names of the input's dimensions to the sizes in its shape.

        Raises:
            ValueError: the shape does not fit; the text says why.
        """
        if tensor.ranks is not None and len(shape) not in tensor.ranks:
            ranks = " or ".join(map(str, tensor.ranks))
            raise ValueError(f"'{tensor.name}' has {ranks} dimensions, not {len(shape)}")
        if tensor.dims is None:
            return
        patterns = [parse_dim(text) for text in tensor.dims]
        rests = [number for number, pattern in enumerate(patterns) if pattern.is_rest]
        if len(shape) < len(patterns) - len(rests) or (not rests and len(shape) != len(patterns)):
            raise ValueError(f"'{tensor.name}' has the dimensions {', '.join(tensor.dims)}, not {list(shape)}")
        at = rests[0] if rests else len(patterns)
        after = len(patterns) - at - len(rests)
        end = len(shape) - after
        self._bind_sizes(tensor, patterns[:at], shape[:at])
        self._bind_sizes(tensor, patterns[len(patterns) - after :], shape[end:])
        if rests:
            self._bind_rest(tensor, shape[at:end])

    def _bind_sizes(self, tensor: Input, patterns: Sequence[DimPattern], sizes: Shape) -> None:
        for pattern, size in zip(patterns, sizes, strict=True):
            if pattern.or_one and size == 1:
                continue
            wanted = self.known.setdefault(pattern.name, size) if pattern.size is None else pattern.size
            if wanted != size:
                what = f"the dimension {pattern.name}" if pattern.name else "a dimension"
                raise ValueError(f"{what} is {wanted} and, in '{tensor.name}', {size}")

    def _bind_rest(self, tensor: Input, sizes: Shape) -> None:
        if self.rest is not None and self.rest != sizes:
            raise ValueError(f"the dimensions ... are {list(self.rest)} and, in '{tensor.name}', {list(sizes)}")
        self.rest = sizes


def bound_sizes(op: OpDescription, shapes: Mapping[str, Shape], attributes: Mapping[str, AttributeValue]) -> Sizes:
    """What the names in the op's description stand for in a model.

    Raises:
        ValueError: the shapes and attributes do not fit the rules; the text says why.
    """
    whole = {one.name for one in op.attributes if one.of.is_whole_number}
    sizes = Sizes({name: value for name, value in attributes.items() if name in whole and isinstance(value, int)})
    for tensor in op.inputs:
        sizes.bind(tensor, shapes[tensor.name])
    for constraint in op.constraints:
        if not holds(constraint, sizes.known):
            used = ", ".join(f"{name} = {sizes.known[name]}" for name in sorted(names_in(constraint)))
            raise ValueError(f"{constraint} does not hold for {used}")
    return sizes


def output_shapes(
    op: OpDescription,
    shapes: Mapping[str, Shape],
    attributes: Mapping[str, AttributeValue],
    given: Mapping[str, Sequence[int]] | None = None,
) -> dict[str, Shape]:
    """The shape of each output, by name, for these input shapes. `given` has those that no rule determines.

    Raises:
        ValueError: the shapes do not fit the rules, or one is not determined; the text says why.
    """
    sizes = bound_sizes(op, shapes, attributes)
    return {output.name: _shape_of(output, op, shapes, sizes, given or {}) for output in op.outputs}


def _shape_of(
    output: Output,
    op: OpDescription,
    shapes: Mapping[str, Shape],
    sizes: Sizes,
    given: Mapping[str, Sequence[int]],
) -> Shape:
    if isinstance(output.shape, list):
        shape = _formulas(output.shape, sizes)
        if any(size < 0 for size in shape):
            raise ValueError(f"'{output.name}' would have the shape {list(shape)}")
        return shape
    if output.rule in {CUSTOM, DATA_DEPENDENT}:
        if output.name not in given:
            raise ValueError(f"the shape of '{output.name}' is {output.shape}: give it in `outputs` of the test case")
        return tuple(given[output.name])
    if output.rule == BROADCAST:
        import numpy as np  # noqa: PLC0415  seldom needed, and slow to import

        rank = max(len(shapes[one.name]) for one in op.inputs if one.align is None)
        return np.broadcast_shapes(*(_aligned(one, shapes[one.name], rank) for one in op.inputs))
    return shapes[output.shape or op.first_input]


def _aligned(tensor: Input, shape: Shape, rank: int) -> Shape:
    """The shape with dimensions of 1 behind it, so that numpy broadcasts it where the input says."""
    if tensor.align is None:
        return shape
    behind = rank - tensor.align - len(shape)
    if behind < 0:
        raise ValueError(f"'{tensor.name}' has {len(shape)} dimensions from axis {tensor.align} on, of {rank}")
    return (*shape, *[1] * behind)


def _formulas(formulas: Sequence[str], sizes: Sizes) -> Shape:
    shape: list[int] = []
    for formula in formulas:
        shape += (sizes.rest or ()) if formula == REST else [evaluate(formula, sizes.known)]
    return tuple(shape)


def evaluate(formula: str, known: Mapping[str, int]) -> int:
    """The value of a formula of whole numbers and names, with + - * // % ( ) min() and max().

    Raises:
        ValueError: it is not such a formula, names something unknown, or divides by zero.
    """
    try:
        return _value(parse_formula(formula), known)
    except ZeroDivisionError:
        raise ValueError(f"'{formula}' divides by zero") from None


def holds(constraint: str, known: Mapping[str, int]) -> bool:
    """Whether a comparison of two formulas is true. Raises the same errors as evaluate."""
    left, compare, right = parse_constraint(constraint)
    try:
        return _COMPARISONS[type(compare)](_value(left, known), _value(right, known))
    except ZeroDivisionError:
        raise ValueError(f"'{constraint}' divides by zero") from None


@cache
def parse_formula(formula: str) -> ast.expr:
    """The syntax tree of a formula.

    Raises:
        ValueError: it is too long, or not an expression.
    """
    if len(formula) > LONGEST:
        raise ValueError(f"a formula is longer than {LONGEST} characters")
    try:
        with _PARSING:
            return ast.parse(formula.strip(), mode="eval").body
    except SyntaxError:
        raise ValueError(f"'{formula}' is no formula") from None


def parse_constraint(constraint: str) -> tuple[ast.expr, ast.cmpop, ast.expr]:
    """The two sides of a comparison, and how they are compared. Raises the same errors as parse_formula."""
    match parse_formula(constraint):
        case ast.Compare(left=left, ops=[compare], comparators=[right]) if type(compare) in _COMPARISONS:
            return left, compare, right
        case _:
            raise ValueError(f"'{constraint}' compares no two formulas with == != < <= > or >=")


def check_formula(formula: str) -> None:
    """Check that a formula, or both sides of a constraint, can be evaluated.

    Raises:
        ValueError: it contains something that is not allowed.
    """
    if not formula.isprintable() or set(formula) & set("#\"'\\"):
        raise ValueError(f"'{formula}' is no formula")
    node = parse_formula(formula)
    parts = parse_constraint(formula)[::2] if isinstance(node, ast.Compare) else (node,)
    for part in parts:
        with suppress(ZeroDivisionError):  # it comes from these sizes, which are only placeholders
            _value(part, dict.fromkeys(names_in(formula), 1))


def names_in(formula: str) -> set[str]:
    """The names that a formula or constraint uses. Raises the same errors as parse_formula."""
    nodes = ast.walk(parse_formula(formula))
    return {node.id for node in nodes if isinstance(node, ast.Name)} - {"min", "max"}


def _value(node: ast.expr, known: Mapping[str, int]) -> int:
    match node:
        case ast.Constant(value=int(number)) if not isinstance(number, bool):
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
            raise ValueError(f"'{ast.unparse(node)}' is not allowed in a formula; allowed are + - * // % ( ) min max")
