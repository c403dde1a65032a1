"""The files of an op that follow from its op.toml alone: `ovext sync` regenerates them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ovext.project.frameworks import (
    TITLES,
    JaxMapping,
    OnnxMapping,
    PaddleMapping,
    PyTorchMapping,
    argument_of,
    is_readable,
    name_in,
)
from ovext.project.shapes import BROADCAST
from ovext.scaffold.cpp import enum_name, folder_name, literal, type_of
from ovext.scaffold.render import MARK, comment_lines, render
from ovext.scaffold.sizes import sizes_hpp
from ovext.scaffold.wrap import wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovext.project.attributes import Attribute
    from ovext.project.frameworks import AnyMapping
    from ovext.project.op import Input, OpDescription, Output

SIZES_FILE = "sizes.hpp"
DERIVED_FILES = ("attributes.hpp", "frameworks.hpp", SIZES_FILE, "README.md")
SCHEMA_FILE = "op.schema.json"  # beside the folders of ops, for editors that complete op.toml


@dataclass(frozen=True)
class _MappingText:
    """A framework's mapping as the templates need it."""

    name: str
    title: str
    types: list[str]  # what models call it
    cpp: str  # the namespace of its ConversionExtension
    lines: list[str]  # how its attributes are read
    domain: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    words: str = ""


def derived_files(op: OpDescription, folder: str) -> dict[str, str]:
    """The texts of the derived files in ops/<folder>, by name."""
    mappings = [_mapping(op, name, mapping) for name, mapping in op.frameworks.given()]
    texts = (_attributes(op, folder), _frameworks(op, folder, mappings), sizes_hpp(op, folder), _readme(op, mappings))
    return {name: text for name, text in zip(DERIVED_FILES, texts, strict=True) if text}


def _frameworks(op: OpDescription, folder: str, mappings: list[_MappingText]) -> str:
    headers = sorted(_header(one.name) for one in mappings)
    # Every front end takes JAX's extension, which is a general one; their own come after it and replace it.
    in_order = sorted(mappings, key=lambda one: one.name != "jax")
    required = sum(not (one.optional or one.many) for one in op.inputs)
    count = len(op.inputs)
    context = {
        "op": op,
        "folder": folder,
        "namespace": folder,
        "mappings": in_order,
        "headers": headers,
        "required": required,
        "has_many": any(one.many for one in op.inputs),
        "inputs": f"inputs_with_many({required})"
        if any(one.many for one in op.inputs)
        else f"inputs({count}{f', {required}' if required < count else ''})",
    }
    return wrapped(render("op/frameworks.hpp", **context))


def is_derived(text: str) -> bool:
    return MARK in text.partition("\n")[0]


def _attributes(op: OpDescription, folder: str) -> str:
    enums = [
        {"name": one.name, "cpp": enum_name(op, one), "words": one.values}
        for one in op.attributes
        if one.type == "enum"
    ]
    attributes = [
        {
            "name": one.name,
            "cpp": type_of(op, one),
            "doc": comment_lines(one.doc),
            "default": "" if one.default is None else literal(op, one, one.typed(one.default)),
        }
        for one in op.attributes
    ]
    bounds = [bound for one in op.attributes for bound in _bounds(op, one)]
    text = render("op/attributes.hpp", op=op, namespace=folder, enums=enums, attributes=attributes, bounds=bounds)
    return wrapped(text)


def _bounds(op: OpDescription, attribute: Attribute) -> Iterator[dict[str, Any]]:
    for bound, sign, words in ((attribute.min, ">=", "at least"), (attribute.max, "<=", "at most")):
        if bound is not None:
            value = int(bound) if attribute.of.kind == "int" else bound
            element = attribute.model_copy(update={"type": attribute.type.removesuffix("[]")})
            yield {
                "name": attribute.name,
                "is_list": attribute.of.is_list,
                "sign": sign,
                "words": words,
                "value": literal(op, element, value),
                "shown": f"{bound:g}",
            }


def _header(framework: str) -> str:
    """The framework's header. OpenVINO has none for JAX, whose front end accepts extensions for any framework."""
    return "extension/conversion.hpp" if framework == "jax" else f"{framework}/extension/conversion.hpp"


def _mapping(op: OpDescription, name: str, mapping: AnyMapping) -> _MappingText:
    paddle = mapping if isinstance(mapping, PaddleMapping) else None
    return _MappingText(
        name=name,
        title=TITLES[name],
        types=[mapping.type, *_exported(mapping)],
        cpp="" if name == "jax" else f"{name}::",
        lines=[line for one in op.attributes for line in _read(op, name, one, mapping)],
        domain=mapping.domain if isinstance(mapping, OnnxMapping) else "",
        inputs=(paddle.inputs or [one.name for one in op.inputs]) if paddle else [],
        outputs=(paddle.outputs or [one.name for one in op.outputs]) if paddle else [],
        words=", ".join(_word(op, name, one, mapping) for one in op.attributes),
    )


def _exported(mapping: AnyMapping) -> list[str]:
    """PyTorch's other name of the op: a model from torch.export has my_ops.kinds.default for my_ops::kinds."""
    is_torch = isinstance(mapping, PyTorchMapping) and "::" in mapping.type
    return [f"{mapping.type.replace('::', '.')}.default"] if is_torch else []


def _read(op: OpDescription, framework: str, attribute: Attribute, mapping: AnyMapping) -> Iterator[str]:
    """The statements that read an attribute's value from a framework's model."""
    name = attribute.name
    if name in mapping.constants:
        yield f"attributes.{name} = {literal(op, attribute, attribute.typed(mapping.constants[name]))};"
        return
    if isinstance(mapping, JaxMapping) or not is_readable(framework, attribute):
        return  # it keeps its default; the description makes sure that it has one
    if name in mapping.defaults:
        yield f"attributes.{name} = {literal(op, attribute, attribute.typed(mapping.defaults[name]))};"
    can_be_missing = name in mapping.defaults or attribute.default is not None
    verb = "read" if can_be_missing else "require"
    if isinstance(mapping, PyTorchMapping):
        yield f"model.{verb}_argument({argument_of(op, name, mapping)}, attributes.{name});"
    else:
        yield f'model.{verb}("{name_in(mapping, name)}", attributes.{name});'


def _word(op: OpDescription, framework: str, attribute: Attribute, mapping: AnyMapping) -> str:
    """Where an attribute comes from, for the README of the op."""
    name = attribute.name
    if name in mapping.constants:
        return f"{name} = {mapping.constants[name]}"
    if not is_readable(framework, attribute):
        return f"{name} = {attribute.default}"
    if isinstance(mapping, PyTorchMapping):
        return f"{name} (argument {argument_of(op, name, mapping)})"
    there = name_in(mapping, name)
    return name if there == name else f"{name} (there {there})"


def _readme(op: OpDescription, mappings: list[_MappingText]) -> str:
    return render(
        "op/README.md",
        op=op,
        mappings=mappings,
        cell=lambda text: text.replace("|", "\\|").replace("\n", " "),
        dimensions=_dimensions,
        place=_place,
        output_type=lambda one: f"as {one.type or op.first_input}" if _is_input(op, one.type) else one.type,
        shape=lambda one: _shape(op, one),
        default=lambda one: "" if one.default is None else f"`{one.default}`",
        values=_values,
    )


def _is_input(op: OpDescription, name: str) -> bool:
    return name in {"", *(one.name for one in op.inputs)}


def _dimensions(tensor: Input) -> str:
    named = f"`{', '.join(tensor.dims)}`".replace("|", "\\|") if tensor.dims is not None else ""
    ranks = f"{' or '.join(map(str, tensor.ranks))} of them" if tensor.ranks else ""
    return "; ".join(filter(None, [named, ranks])) or "any"


def _place(tensor: Input) -> str:
    if tensor.align is not None:
        return f"at axis {tensor.align}"
    return "optional" if tensor.optional else f"{tensor.many} tensors" if tensor.many else ""


def _shape(op: OpDescription, output: Output) -> str:
    if isinstance(output.shape, list):
        return f"`{', '.join(output.shape)}`"
    if _is_input(op, output.shape):
        return f"as {output.shape or op.first_input}"
    return "of all inputs, broadcast" if output.rule == BROADCAST else output.rule


def _values(attribute: Attribute) -> str:
    if attribute.values:
        return ", ".join(attribute.values)
    low = f"at least {attribute.min:g}" if attribute.min is not None else ""
    high = f"at most {attribute.max:g}" if attribute.max is not None else ""
    return ", ".join(filter(None, [low, high]))


def folder_of(op: OpDescription) -> str:
    """The name of the op's folder below ops/, which is its namespace too."""
    return folder_name(op.type)
