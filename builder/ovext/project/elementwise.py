"""The formula of an op that computes each element alone: `elementwise` of op.toml, and what it is in each language."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ovext.errors import nearest
from ovext.project.forms import has_forms
from ovext.project.shapes import BROADCAST, parse_formula

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ovext.project.op import OpDescription

Language = Literal["cpp", "numpy", "opencl"]
_FLOATS = {"f16", "bf16", "f32", "f64"}
_SIGNS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARISONS: dict[type[ast.cmpop], str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}


@dataclass(frozen=True)
class MathFunction:
    """A function that formulas may use, with the places {0} and {1} of its arguments."""

    cpp: str
    numpy: str
    opencl: str
    has_double: bool = True  # whether ovext/math.hpp has it for f64

    @property
    def arity(self) -> int:
        return 2 if "{1}" in self.cpp else 1


def _same(name: str, *, has_double: bool = True) -> MathFunction:
    return MathFunction(f"ovext::{name}({{0}})", f"np.{name}({{0}})", f"{name}({{0}})", has_double)


_ERF = "np.vectorize(math.erf, otypes=[np.float64])"
FUNCTIONS = {
    **{name: _same(name) for name in ("exp", "exp2", "log", "log2", "tanh", "sqrt")},
    **{name: _same(name, has_double=False) for name in ("expm1", "log1p", "sin", "cos")},
    "abs": MathFunction("std::abs({0})", "np.abs({0})", "fabs({0})"),
    "min": MathFunction("std::min<T>({0}, {1})", "np.minimum({0}, {1})", "fmin({0}, {1})"),
    "max": MathFunction("std::max<T>({0}, {1})", "np.maximum({0}, {1})", "fmax({0}, {1})"),
    "rsqrt": MathFunction("ovext::rsqrt({0})", "(1 / np.sqrt({0}))", "rsqrt({0})"),
    "sigmoid": MathFunction("ovext::sigmoid({0})", "np.exp(-np.logaddexp(0, -({0})))", "(1.0f / (1.0f + exp(-({0}))))"),
    "softplus": MathFunction(
        "ovext::softplus({0})", "np.logaddexp(0, {0})", "(fmax({0}, 0.0f) + log1p(exp(-fabs({0}))))", has_double=False
    ),
    "erf": MathFunction("ovext::erf({0})", _ERF + "({0})", "erf({0})", has_double=False),
    "gelu": MathFunction(
        "ovext::gelu({0})",
        f"(({{0}}) * (1 + {_ERF}(({{0}}) / np.sqrt(2))) / 2)",
        "(0.5f * ({0}) * (1.0f + erf(({0}) * 0.70710678f)))",
        has_double=False,
    ),
    "pow": MathFunction("ovext::pow({0}, {1})", "np.power({0}, {1})", "pow({0}, {1})", has_double=False),
}


def is_elementwise(op: OpDescription) -> bool:
    """Whether each element of the only output is computed from one element of each input, all of one type."""
    if len(op.outputs) != 1 or not op.inputs or has_forms(op):
        return False
    output, first = op.outputs[0], op.inputs[0]
    types = op.input_types()
    is_of_one_type = all(one.types == first.name for one in op.inputs[1:])
    if not is_of_one_type or (output.type and output.type not in types):
        return False
    if "string" in types[first.name]:
        return False
    if len(op.inputs) == 1:
        return output.rule in {"", first.name, BROADCAST}
    return output.rule == BROADCAST and "boolean" not in types[first.name]


def in_language(op: OpDescription, language: Language, names: Mapping[str, str]) -> str:
    """The op's formula in a language, where `names` says what inputs and attributes are called."""
    return _Text(language, names).of(parse_formula(op.elementwise))


@dataclass(frozen=True)
class _Text:
    language: Language
    names: Mapping[str, str]

    def of(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(value=int() | float() as number):
                return self._number(float(number))
            case ast.Name(id=name):
                return self.names[name]
            case ast.UnaryOp(operand=operand):
                return f"(-{self.of(operand)})"
            case ast.BinOp(left=left, op=sign, right=right):
                return f"({self.of(left)} {_SIGNS[type(sign)]} {self.of(right)})"
            case ast.Call(func=ast.Name(id="where"), args=[ast.Compare() as condition, first, second]):
                return self._where(condition, self.of(first), self.of(second))
            case ast.Call(func=ast.Name(id=name), args=arguments):
                template: str = getattr(FUNCTIONS[name], self.language)
                return template.format(*map(self.of, arguments))
            case _:
                raise ValueError(f"'{ast.unparse(node)}' is not allowed in a formula")

    def _number(self, number: float) -> str:
        return {"cpp": f"T({number!r})", "numpy": f"{number!r}", "opencl": f"{number!r}f"}[self.language]

    def _where(self, condition: ast.Compare, first: str, second: str) -> str:
        sign = _COMPARISONS[type(condition.ops[0])]
        holds = f"{self.of(condition.left)} {sign} {self.of(condition.comparators[0])}"
        return (
            f"np.where({holds}, {first}, {second})" if self.language == "numpy" else f"({holds} ? {first} : {second})"
        )


def contradictions_of_formula(op: OpDescription) -> Iterator[str]:
    """What is wrong with `elementwise`."""
    if not op.elementwise:
        return
    if not is_elementwise(op):
        yield "it needs one output, with the type and shape of the inputs or their broadcast shape"
    types = set(op.element_types)
    if not types <= _FLOATS:
        yield f"it is for floating-point types, not for {', '.join(sorted(types - _FLOATS))}"
    try:
        tree = parse_formula(op.elementwise)
    except ValueError as error:
        yield str(error)
        return
    yield from _problems(op, tree)


def _problems(op: OpDescription, tree: ast.expr) -> Iterator[str]:
    numbers = [one.name for one in op.attributes if one.of.kind in {"int", "float"} and not one.of.is_list]
    known = [*(one.name for one in op.inputs), *numbers]
    called = {id(one.func) for one in ast.walk(tree) if isinstance(one, ast.Call)}
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) if id(node) not in called and name not in known:
                yield f"'{name}' is no input and no attribute that is a number{nearest(name, known)}"
            case ast.Name(id=name) if op.gpu and name in numbers and name not in op.gpu.defines.values():
                yield f"the GPU kernel needs a macro for '{name}' in defines of [gpu]"
            case ast.Call():
                yield from _call(op, node)
            case ast.Constant(value=bool() | str() | bytes() | complex() | None):
                yield f"'{ast.unparse(node)}' is no number"
            case ast.Compare() if not _is_condition(tree, node):
                yield "a comparison is only the first argument of where()"
            case ast.Name() | ast.Constant() | ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
                pass
            case ast.UnaryOp(op=ast.USub()) | ast.Compare() | ast.operator() | ast.unaryop() | ast.cmpop():
                pass
            case ast.expr_context():
                pass
            case _:
                yield f"'{ast.unparse(node)}' is not allowed: use + - * /, functions, and where(a < b, x, y)"


def _call(op: OpDescription, node: ast.Call) -> Iterator[str]:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    words = [*FUNCTIONS, "where"]
    if name not in words or node.keywords:
        yield f"'{ast.unparse(node.func)}' is no function{nearest(name, words)}; there are {', '.join(words)}"
        return
    if name == "where":
        condition = node.args[0] if node.args else None
        if len(node.args) != 3 or not isinstance(condition, ast.Compare) or not _is_simple(condition):  # noqa: PLR2004
            yield "where() has a comparison with < <= > or >=, and two values"
        return
    function = FUNCTIONS[name]
    if len(node.args) != function.arity or any(isinstance(one, ast.Starred) for one in node.args):
        yield f"{name}() has {function.arity} argument{'s' * (function.arity > 1)}"
    if "f64" in op.element_types and not function.has_double:
        yield f"{name}() does not exist for f64"


def _is_condition(tree: ast.expr, compare: ast.Compare) -> bool:
    calls = (one for one in ast.walk(tree) if isinstance(one, ast.Call) and isinstance(one.func, ast.Name))
    return any(one.func.id == "where" and one.args[:1] == [compare] for one in calls if isinstance(one.func, ast.Name))


def _is_simple(condition: ast.Compare) -> bool:
    return len(condition.ops) == 1 and type(condition.ops[0]) in _COMPARISONS
