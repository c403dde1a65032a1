"""sizes.hpp of an op: the sizes that its op.toml names, as its kernels get them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from ovext.project.dims import REST, parse_dim
from ovext.project.fields import keyword_language
from ovext.project.rows import named_dims, parallel_dims
from ovext.project.shapes import parse_formula
from ovext.scaffold.render import render
from ovext.scaffold.wrap import wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovext.project.op import Input, OpDescription

_MEMBERS = {"rest", "rows", "scratch", "Sizes", "Shape", "sizes", "product"}


def sizes_hpp(op: OpDescription, namespace: str) -> str:
    """The text of the header; empty for an op whose description names no dimension."""
    names = named_dims(op)
    if not names:
        return ""
    tensors = _tensors(op)
    context = {
        "op": op,
        "namespace": namespace,
        "dims": [{"name": name, "member": member(op, name)} for name in names if name != REST],
        "has_rest": REST in names,
        "tensors": tensors,
        "lines": list(_readings(op)),
        "rows": " * ".join(member(op, name) for name in parallel_dims(op)) or "1",
        "rows_text": words_of_rows(op),
        "scratch": _bytes(op, parse_formula(op.kernel.scratch)) if op.kernel.scratch else "0",
        "computes": [name for name, sign in (("plus", "+"), ("times", "*")) if sign in op.kernel.scratch],
    }
    return wrapped(render("op/sizes.hpp", **context))


def member(op: OpDescription, name: str) -> str:
    """The member of Sizes for a dimension. It has the name of the dimension, unless C++ needs that one."""
    if name == REST:
        return "rest"
    flat = {f"{one}_size" for one in _tensors(op)}
    return f"{name}_" if name in _MEMBERS | flat or keyword_language(name) else name


def words_of_rows(op: OpDescription) -> str:
    """What a row is, in words."""
    dims = [f'"{one}"' for one in parallel_dims(op)]
    return f"a combination of {' and '.join(dims)}" if len(dims) > 1 else f"one of {dims[0]}" if dims else "the whole"


def _tensors(op: OpDescription) -> list[str]:
    """The tensors with a flat size. The kernel gets those of an input that consists of many with that input."""
    return [one.name for one in op.inputs if not one.many] + [one.name for one in op.outputs]


def _readings(op: OpDescription) -> Iterator[str]:
    """The statements that read each size from the first shape that has it, and the flat sizes."""
    read: set[str] = set()
    for number, tensor in enumerate(op.inputs):
        shape = f"inputs[{number}]"
        new = [(name, place) for name, place in _places(tensor, shape) if name not in read]
        read |= {name for name, _ in new}
        lines = [f"sizes.{member(op, name)} = {place};" for name, place in new]
        lines += [] if tensor.many else [_flat_size(tensor.name, shape)]
        if tensor.counts[0] or not lines:
            yield from lines
        else:
            yield f"if (inputs.size() > {number}) {{"
            yield from (f"    {line}" for line in lines)
            yield "}"
    for number, output in enumerate(op.outputs):
        yield _flat_size(output.name, f"outputs[{number}]")


def _flat_size(name: str, shape: str) -> str:
    return f"sizes.{name}_size = product({shape}, 0, {shape}.size());"


def _places(tensor: Input, shape: str) -> Iterator[tuple[str, str]]:
    """Each named dimension of the input, and the expression for its size."""
    dims = tensor.dims or []
    at = dims.index(REST) if REST in dims else len(dims)
    for number, text in enumerate(dims):
        pattern = parse_dim(text)
        behind = len(dims) - number
        if pattern.is_rest:
            yield REST, f"product({shape}, {at}, {shape}.size() - {behind - 1})"
        elif pattern.name and not pattern.or_one:
            yield pattern.name, f"{shape}[{number}]" if number < at else f"{shape}[{shape}.size() - {behind}]"


def _bytes(op: OpDescription, node: ast.expr) -> str:
    """A formula of + * min max in C++. What is too large stays so, and cannot be allocated."""
    match node:
        case ast.Constant(value=number):
            return str(number)
        case ast.Name(id=name):
            return member(op, name)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return f"plus({_bytes(op, left)}, {_bytes(op, right)})"
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return f"times({_bytes(op, left)}, {_bytes(op, right)})"
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return f"std::{name}<std::size_t>({{{', '.join(_bytes(op, one) for one in arguments)}}})"
        case _:
            raise ValueError(f"'{ast.unparse(node)}' is not allowed in a number of bytes")


def template_context(op: OpDescription) -> dict[str, Any]:
    """What the templates of an op with such a header need to know."""
    return {"has_sizes": bool(named_dims(op)), "rows_text": words_of_rows(op)}
