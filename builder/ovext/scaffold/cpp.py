"""Parts of an op's description as C++: names, values of attributes, and rules for shapes."""

from __future__ import annotations

import ast
import math
import re
from functools import cache, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovext.project.dims import REST
from ovext.project.fields import keyword_language
from ovext.project.shapes import BROADCAST, CUSTOM, DATA_DEPENDENT, names_in, parse_constraint, parse_formula

if TYPE_CHECKING:
    from ovext.project.attributes import Attribute, AttributeValue
    from ovext.project.op import Input, OpDescription, Output

_NAMESPACES = {"data", "half", "input", "output", "ov", "ovext", "std", "tbb"}  # or words of OpenCL C
_NOTES = {
    CUSTOM: "// Here goes the rule for the shape of '{}', which op.toml calls custom.",
    DATA_DEPENDENT: "// All that is known of the shape of '{}' before the data is: evaluate() sets it.",
}
_FUNCTIONS: dict[type[ast.operator], str] = {ast.FloorDiv: "floor_div", ast.Mod: "floor_mod"}
_SIGNS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}


def snake_case(name: str) -> str:
    """GroupNormSiLU -> group_norm_silu: the name of an op's folder, namespace and kernel."""
    name = re.sub(r"([A-Z][a-z])LU", r"\1lu", name)  # ReLU and similar names are one word, as is RoI
    name = re.sub(r"RoI(?=[A-Z]|$)", "Roi", name)
    parts = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name))
    return re.sub(r"_+", "_", parts).lower().strip("_")


@cache
def folder_name(op_type: str) -> str:
    """The op's folder below ops/, also its namespace in C++, its function in reference.py and its kernel in kernel.cl.

    A name that would mean something else there, such as `union` or `floor`, gets the suffix `_op`.
    """
    name = snake_case(op_type)
    is_taken = keyword_language(name) or name in _NAMESPACES or name in _c_names()
    return f"{name}_op" if is_taken or not name else name


@cache
def _c_names() -> frozenset[str]:
    """C and POSIX functions that the headers of op.cpp declare; no namespace can have their names."""
    return frozenset(Path(__file__).with_name("c_names.txt").read_text(encoding="utf-8").split())


def camel_case(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def enum_name(op: OpDescription, attribute: Attribute) -> str:
    """The C++ type of an enum; its name is unlike every other name there."""
    name = camel_case(attribute.name)
    others = [one.name for one in op.attributes]
    earlier = [camel_case(one) for one in others[: others.index(attribute.name)]]
    is_taken = name in {op.type, "Attributes", "Kernel", "Kernels", "Parameters", *others, *earlier}
    return f"{name}Value{len(earlier)}" if is_taken else name


def type_of(op: OpDescription, attribute: Attribute) -> str:
    return attribute.of.cpp or enum_name(op, attribute)


def literal(op: OpDescription, attribute: Attribute, value: AttributeValue) -> str:
    """The value as an initialiser of the attribute's member."""
    if isinstance(value, list):
        return f"{{{', '.join(_one(op, attribute, one) for one in value)}}}"
    return _one(op, attribute, value)


def _one(op: OpDescription, attribute: Attribute, value: Any) -> str:
    of = attribute.of
    if attribute.type == "enum":
        return f"{enum_name(op, attribute)}::{value}"
    if attribute.type == "type":
        return f"ov::element::{value}"
    if of.kind == "float":
        return _floating(float(value), attribute.type.removesuffix("[]"))
    if of.kind == "int":
        return _whole(int(value))
    return _string(value) if isinstance(value, str) else str(value).lower()


def _string(text: str) -> str:
    """A string literal; characters that are not plain ASCII are written as escaped bytes of UTF-8."""
    plain = {ord(one): one for one in map(chr, range(32, 127)) if one not in '"\\?'}
    return '"' + "".join(plain.get(byte, f"\\{byte:03o}") for byte in text.encode()) + '"'


def _whole(value: int) -> str:
    if value == -(2**63):
        return "std::numeric_limits<std::int64_t>::min()"
    return f"{value}u" if value >= 2**63 else str(value)


def _floating(value: float, name: str) -> str:
    if math.isnan(value):
        return f"std::numeric_limits<{name}>::quiet_NaN()"
    if math.isinf(value):
        return f"{'-' if value < 0 else ''}std::numeric_limits<{name}>::infinity()"
    return repr(value) + ("f" if name == "float" else "")


def shape_code(op: OpDescription) -> list[str]:
    """The statements of output_shapes(inputs), which computes the shapes of the outputs from the inputs' shapes."""
    lines = []
    for number, tensor in enumerate(op.inputs):
        if tensor.ranks is not None:
            ranks = ", ".join(map(str, tensor.ranks))
            check = f'ovext::check_rank(this, "{tensor.name}", inputs[{{}}], {{{{{ranks}}}}});'
            lines += for_tensors(tensor, number, "inputs.size()", check)
    if _uses_dims(op):
        lines.append("ovext::Dims dims(this);")
        for number, tensor in enumerate(op.inputs):
            if tensor.dims is not None:
                pattern = ", ".join(f'"{dim}"' for dim in tensor.dims)
                read = f'dims.read("{tensor.name}", inputs[{{}}], {{{{{pattern}}}}});'
                lines += for_tensors(tensor, number, "inputs.size()", read)
        lines += [_requirement(op, constraint) for constraint in op.constraints]
    notes = [note.format(one.name) for one in op.outputs if (note := _NOTES.get(one.rule))]
    shapes = [_shape(op, output) for output in op.outputs]
    return [*lines, *notes, f"return {{{', '.join(shapes)}}};"]


def for_tensors(tensor: Input, number: int, count: str, statement: str) -> list[str]:
    """The statement for each tensor of an input that is there; {} in it is the place of the tensor.

    `number` is the place of the input, and `count` the expression for the number of all tensors.
    """
    if tensor.many:
        return [
            f"for (std::size_t i = {number}; i < {count}; ++i) {{",
            f"    {statement.format('i')}",
            "}",
        ]
    if tensor.optional:
        return [f"if ({count} > {number}) {{", f"    {statement.format(number)}", "}"]
    return [statement.format(number)]


def _uses_dims(op: OpDescription) -> bool:
    has_formulas = any(isinstance(output.shape, list) for output in op.outputs)
    return bool(op.constraints) or has_formulas or any(tensor.dims is not None for tensor in op.inputs)


def _requirement(op: OpDescription, constraint: str) -> str:
    left, compare, right = parse_constraint(constraint)
    holds = _infix(op, left, _COMPARISONS[type(compare)], right)
    used = ", ".join(f'{{"{name}", {_name(op, name)}}}' for name in sorted(names_in(constraint)))
    return f'dims.require({holds}, "{constraint}", {{{used}}});'


def _shape(op: OpDescription, output: Output) -> str:
    if isinstance(output.shape, list):
        return _shape_of_formulas(op, output.shape)
    if output.rule == BROADCAST:
        return _broadcast(op)
    if output.rule in {CUSTOM, DATA_DEPENDENT}:
        if output.rank is None:
            return "inputs[0]"
        sizes = ", ".join(["ov::Dimension::dynamic()" if output.rule == DATA_DEPENDENT else "1"] * output.rank)
        return f"ov::PartialShape{{{sizes}}}"
    return f"inputs[{op.port_of(output.shape or op.first_input)[1]}]"


def _broadcast(op: OpDescription) -> str:
    if all(one.align is None for one in op.inputs):
        return "ovext::broadcast(this, inputs)"
    whole = [f"inputs[{number}]" for number, one in enumerate(op.inputs) if one.align is None]
    rank = f"ovext::common_rank({{{', '.join(whole)}}})"
    shapes = [
        f"inputs[{number}]"
        if one.align is None
        else f'ovext::aligned(this, "{one.name}", inputs[{number}], {one.align}, {rank})'
        for number, one in enumerate(op.inputs)
    ]
    return f"ovext::broadcast(this, {{{', '.join(shapes)}}})"


def _shape_of_formulas(op: OpDescription, formulas: list[str]) -> str:
    sizes = [REST if formula == REST else _size(op, parse_formula(formula)) for formula in formulas]
    if REST not in sizes:
        return f"dims.shape({{{', '.join(sizes)}}})"
    at = sizes.index(REST)
    return f"dims.shape_with_rest({{{', '.join(sizes[:at])}}}, {{{', '.join(sizes[at + 1 :])}}})"


def _name(op: OpDescription, name: str) -> str:
    is_dim = any(name in {dim.removesuffix("|1") for dim in tensor.dims or ()} for tensor in op.inputs)
    return f'dims["{name}"]' if is_dim else f"m_attributes.{name}"


def _size(op: OpDescription, node: ast.expr) -> str:
    """A formula in C++."""
    return _term(op, node)[0]


def _term(op: OpDescription, node: ast.expr, *, inner: bool = False) -> tuple[str, bool]:
    """A formula in C++, in parentheses if it is inside another formula, and whether its type is ovext::Size."""
    match node:
        case ast.Constant(value=number):
            return str(number), False
        case ast.Name(id=name):
            text = _name(op, name)
            return text, text.startswith("dims")
        case ast.UnaryOp(operand=operand):
            text = f"ovext::Size(0) - {_term(op, operand, inner=True)[0]}"
            return (f"({text})" if inner else text), True
        case ast.BinOp(left=left, op=operation, right=right) if type(operation) in _FUNCTIONS:
            return f"ovext::{_FUNCTIONS[type(operation)]}({_size(op, left)}, {_size(op, right)})", True
        case ast.BinOp(left=left, op=operation, right=right):
            text = _infix(op, left, _SIGNS[type(operation)], right)
            return (f"({text})" if inner else text), True
        case ast.Call(func=ast.Name(id=name), args=arguments):
            sizes = [_size(op, one) for one in arguments]
            return reduce(lambda first, second: f"ovext::{name}({first}, {second})", sizes), True
        case _:
            raise ValueError(f"'{ast.unparse(node)}' is not allowed in a formula")


def _infix(op: OpDescription, left: ast.expr, sign: str, right: ast.expr) -> str:
    """Two formulas joined by an operator. One must be an ovext::Size, so that the operator means what it should."""
    (first, first_is_size), (second, second_is_size) = (_term(op, one, inner=True) for one in (left, right))
    first = first if first_is_size or second_is_size else f"ovext::Size({first})"
    return f"{first} {sign} {second}"
