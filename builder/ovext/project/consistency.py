"""Contradictions within one op.toml that its types cannot express."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, get_args

from ovext.errors import nearest
from ovext.project.op import ElementType
from ovext.project.shapes import BROADCAST, LONGEST, output_shapes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ovext.project.op import Attribute, AttributeValue, OpDescription

Problem = tuple[tuple[str | int, ...], str]  # where in the file, and what is wrong there

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {"bool": (bool,), "int": (int,), "float": (float, int), "string": (str,)}


def contradictions(op: OpDescription) -> list[Problem]:
    problems = [*_names(op), *_outputs(op), *_attributes(op), *_layers(op), *_cases(op)]
    return problems or list(_shapes_of_cases(op))  # shapes follow only from what is right so far


def _unknown(name: str, what: str, known: Iterable[str]) -> str:
    known = list(known)
    listed = f"; there are {', '.join(known)}" if known else "; there is none"
    return f"'{name}' is no {what}{nearest(name, known)}{listed}"


def _names(op: OpDescription) -> Iterator[Problem]:
    taken: set[str] = set()
    names = {
        "inputs": [one.name for one in op.inputs],
        "outputs": [one.name for one in op.outputs],
        "attributes": [one.name for one in op.attributes],
    }
    for table, entries in names.items():
        for number, name in enumerate(entries):
            if name in taken:
                yield (table, number, "name"), f"the name '{name}' is taken"
            taken.add(name)


def _outputs(op: OpDescription) -> Iterator[Problem]:
    inputs = [tensor.name for tensor in op.inputs]
    names = {name for tensor in op.inputs for name in tensor.dims or ()}
    names |= {attribute.name for attribute in op.attributes if attribute.type == "int"}
    for number, output in enumerate(op.outputs):
        if output.type and output.type not in {*inputs, *get_args(ElementType)}:
            yield ("outputs", number, "type"), _unknown(output.type, "element type and no input", inputs)
        if isinstance(output.shape, str) and output.shape not in {"", BROADCAST, *inputs}:
            yield ("outputs", number, "shape"), _unknown(output.shape, "input", [*inputs, BROADCAST])
        for formula in output.shape if isinstance(output.shape, list) else ():
            if len(formula) > LONGEST:
                yield ("outputs", number, "shape"), f"a formula is longer than {LONGEST} characters"
                continue
            try:
                used = {node.id for node in ast.walk(ast.parse(formula, mode="eval")) if isinstance(node, ast.Name)}
            except SyntaxError:
                yield ("outputs", number, "shape"), f"'{formula}' is no formula"
                continue
            for name in sorted(used - names - {"min", "max"}):
                yield ("outputs", number, "shape"), _unknown(name, "dimension or whole-number attribute", sorted(names))


def _attributes(op: OpDescription) -> Iterator[Problem]:
    for number, attribute in enumerate(op.attributes):
        if attribute.default is not None and not fits(attribute, attribute.default):
            yield ("attributes", number, "default"), f"{attribute.default!r} is no {attribute.type}"


def fits(attribute: Attribute, value: AttributeValue) -> bool:
    """Whether the value is of the attribute's type."""
    element = attribute.type.removesuffix("[]")
    values = value if attribute.type.endswith("[]") else [value]
    if not isinstance(values, list):
        return False
    allowed = _PYTHON_TYPES[element]
    return all(isinstance(one, allowed) and (element == "bool" or not isinstance(one, bool)) for one in values)


def _layers(op: OpDescription) -> Iterator[Problem]:
    tensors = [*(one.name for one in op.inputs), *(one.name for one in op.outputs)]
    attributes = [one.name for one in op.attributes]
    if op.gpu:
        for number, buffer in enumerate(op.gpu.buffers):
            if buffer.tensor not in tensors:
                yield ("gpu", "buffers", number), _unknown(buffer.tensor, "input or output", tensors)
        for macro, name in op.gpu.defines.items():
            if name not in attributes:
                yield ("gpu", "defines", macro), _unknown(name, "attribute", attributes)
    for argument, bound in op.vpu.arguments.items() if op.vpu else ():
        if bound.tensor not in tensors:
            yield ("vpu", "arguments", argument), _unknown(bound.tensor, "input or output", tensors)


def _cases(op: OpDescription) -> Iterator[Problem]:
    inputs = [tensor.name for tensor in op.inputs]
    attributes = {one.name: one for one in op.attributes}
    for name in op.test.ranges:
        if name not in inputs:
            yield ("test", "ranges", name), _unknown(name, "input", inputs)
    for number, case in enumerate(op.test.cases):
        at = ("test", "cases", number)
        if wrong := sorted(set(case.shapes) ^ set(inputs)):
            yield (*at, "shapes"), f"it must give one shape for each input, but not so for {', '.join(wrong)}"
            continue
        for name, value in case.attributes.items():
            if name not in attributes:
                yield (*at, "attributes"), _unknown(name, "attribute", attributes)
            elif not fits(attributes[name], value):
                yield (*at, "attributes"), f"{value!r} is no {attributes[name].type}, which '{name}' is"


def _shapes_of_cases(op: OpDescription) -> Iterator[Problem]:
    for number, case in enumerate(op.test.cases):
        try:
            shapes = {name: tuple(shape) for name, shape in case.shapes.items()}
            output_shapes(op, shapes, op.values(case.attributes))
        except ValueError as error:
            yield ("test", "cases", number, "shapes"), str(error)
