"""A description from the arguments of a command line, or from a file."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from ovext.errors import ProjectError, UnknownNameError, UsageError
from ovext.project import described
from ovext.project.attributes import ATTRIBUTE_TYPES, ElementType
from ovext.project.frameworks import Frameworks
from ovext.project.shapes import BROADCAST, CUSTOM, DATA_DEPENDENT
from ovext.scaffold.cpp import camel_case, folder_name
from ovext.scaffold.wrap import split_parts
from ovext.toml import line_of, parse_toml, read_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ovext.project import OpDescription

NO_INPUTS = "none"  # instead of the name of an input
DEFAULT_TYPES = ("f32", "f16", "bf16")
_ATTRIBUTE = re.compile(r"(?P<name>[^:=]+):(?P<type>[A-Za-z0-9_]+(\[\])?)(\((?P<values>[^)]*)\))?(=(?P<default>.*))?")


@dataclass(frozen=True)
class OpRequest:
    """The command line of `ovext new`."""

    op: str
    opset: str
    doc: str = ""
    inputs: Sequence[str] = ()  # NAME[:TYPES[:DIMS]]
    outputs: Sequence[str] = ()  # NAME[:TYPE[:SHAPE]]
    attributes: Sequence[str] = ()  # NAME:TYPE[(VALUES)][=DEFAULT]
    constraints: Sequence[str] = ()
    elementwise: str = ""
    frameworks: Sequence[str] = field(default=())  # FRAMEWORK=TYPE
    gpu: bool = False


def op_from_request(request: OpRequest) -> OpDescription:
    """The op that the request describes.

    Raises:
        UsageError: a part of the request has the wrong form.
        ProjectError: its parts contradict one another.
    """
    inputs = [_input(word) for word in request.inputs or ["data"] if word != NO_INPUTS]
    for one in inputs:
        one.setdefault("types", list(DEFAULT_TYPES) if one is inputs[0] else inputs[0]["name"])
    data: dict[str, Any] = {
        "schema": 1,
        "type": request.op,
        "opset": request.opset,
        "doc": request.doc,
        "constraints": list(request.constraints),
        "elementwise": request.elementwise,
        "inputs": inputs,
        "outputs": [_output(word, inputs) for word in request.outputs or ["output"]],
        "attributes": [_attribute(word) for word in request.attributes],
        "frameworks": dict(_framework(word) for word in request.frameworks),
    }
    return complete(described(data, lambda _: f"the op {request.op}"), gpu=request.gpu)


def op_from_file(path: Path, opset: str) -> OpDescription:
    """The op that a TOML or JSON file describes, in the format of op.toml. `opset` is for a file without one.

    Raises:
        ProjectError: the file cannot be read, or is wrong.
    """
    if path.suffix.lower() == ".json":
        return described({"schema": 1, "opset": opset, **read_json(path)}, lambda _: str(path))
    text = read_text(path)
    data = {"schema": 1, "opset": opset, **parse_toml(text, path)}
    return described(data, lambda at: f"{path}:{line_of(text, at)}")


def read_json(path: Path) -> dict[str, Any]:
    """The table in a JSON file.

    Raises:
        ProjectError: it cannot be read, or contains something else.
    """
    try:
        data = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise ProjectError(f"this is not JSON: {error.msg}", where=f"{path}:{error.lineno}") from None
    if not isinstance(data, dict):
        raise ProjectError("the file must hold a table", where=path)
    return data


def complete(op: OpDescription, *, gpu: bool) -> OpDescription:
    """The op, with a table [gpu] added if `gpu` is set and it has none."""
    if not gpu or op.gpu is not None:
        return op
    data = op.model_dump(by_alias=True, exclude_defaults=True)
    return described({"schema": 1, **data, "gpu": _gpu(op)}, lambda _: f"the op {op.type}")


def _gpu(op: OpDescription) -> dict[str, Any]:
    defines = {
        one.name.upper(): one.name
        for one in op.attributes
        if one.of.kind in {"int", "float", "bool"} and not one.of.is_list and one.of.on_gpu
    }
    return {
        "entry": f"{folder_name(op.type)}_kernel",
        **_inputs_on_gpu(op),
        "defines": defines,
        "global": ["X", "Y", "B*F"],
        "options": "-cl-single-precision-constant",
    }


def _inputs_on_gpu(op: OpDescription) -> dict[str, int]:
    """A number of inputs for which the kernel is written, where any number is possible."""
    many = next((one for one in op.inputs if one.many), None)
    if many is None:
        return {}
    least, most = many.counts
    return {"inputs": len(op.inputs) - 1 + min(max(least, 2), most or 2)}


def _input(word: str) -> dict[str, Any]:
    name, types, dims = _three_parts(word, "--input", "NAME[:TYPES[:DIMS]]")
    data: dict[str, Any] = {"name": name.rstrip("?+*")}
    match name.removeprefix(data["name"]):
        case "?":
            data["optional"] = True
        case "+" | "*" as sign:
            data["many"] = "1.." if sign == "+" else "0.."
    dims, _, align = dims.partition("@")
    if align:
        if not align.isdigit():
            raise UsageError(f"'{align}' in --input '{word}' is no axis", fix=f"Write {name}:{types}:{dims}@1.")
        data["align"] = int(align)
    parts = _list(types)
    if parts:
        is_input = len(parts) == 1 and parts[0] not in get_args(ElementType)
        data["types"] = parts[0] if is_input else parts
    if dims:
        data["dims"] = _list(dims)
    return data


def _output(word: str, inputs: list[dict[str, Any]]) -> dict[str, Any]:
    name, element, shape = _three_parts(word, "--output", "NAME[:TYPE[:SHAPE]]")
    rules = {BROADCAST, CUSTOM, *(one["name"] for one in inputs)}
    data: dict[str, Any] = {"name": name, "type": element}
    rule, _, rank = shape.partition("=")
    if rule in {DATA_DEPENDENT, CUSTOM} and rank:
        if not rank.isdigit():
            raise UsageError(f"'{rank}' in --output '{word}' is no rank", fix=f"Write {name}:{element}:{rule}=1.")
        return {**data, "shape": rule, "rank": int(rank)}
    if not shape:
        has_dims = any(
            {"dims", "optional", "many"} & {*one} - ({"dims"} if "align" in one else set()) for one in inputs
        )
        data["shape"] = BROADCAST if len(inputs) > 1 and not has_dims else ""
    else:
        data["shape"] = shape if shape in {*rules, DATA_DEPENDENT} else _list(shape)
    return data


def _three_parts(word: str, option: str, form: str) -> tuple[str, str, str]:
    parts = [part.strip() for part in word.split(":")]
    if len(parts) > len(form.split(":")) or not parts[0]:
        raise UsageError(f"{option} '{word}' is not of the form {form}")
    name, second, third = [*parts, "", ""][:3]
    return name, second, third


def _list(text: str) -> list[str]:
    return [part for part in split_parts(text) if part]


def _attribute(word: str) -> dict[str, Any]:
    found = _ATTRIBUTE.fullmatch(word.strip())
    if not found:
        raise UsageError(
            f"--attribute '{word}' is not of the form NAME:TYPE[=DEFAULT]", fix="For example alpha:float=1.0."
        )
    if found["type"] not in ATTRIBUTE_TYPES:
        raise UnknownNameError("attribute type", found["type"], ATTRIBUTE_TYPES)
    data: dict[str, Any] = {"name": found["name"].strip(), "type": found["type"]}
    if found["values"] is not None:
        data["values"] = _list(found["values"])
    if found["default"] is not None:
        data["default"] = parse_value(found["default"], found["type"], word)
    return data


def parse_value(text: str, type_name: str, word: str) -> Any:
    """The value for op.toml from a value on the command line.

    Raises:
        UsageError: it is not of that type; `word` is what the user wrote.
    """
    of = ATTRIBUTE_TYPES[type_name]
    readers = {"bool": {"true": True, "false": False}.__getitem__, "int": int, "float": float, "string": str}
    try:
        values = [readers[of.kind](part) for part in (_list(text) if of.is_list else [text.strip()])]  # type: ignore[operator]
    except (KeyError, ValueError):
        raise UsageError(f"'{text}' in '{word}' is no {type_name}") from None
    return values if of.is_list else values[0]


def _framework(word: str) -> tuple[str, dict[str, Any]]:
    name, _, there = word.partition("=")
    if name not in Frameworks.model_fields:
        raise UnknownNameError("framework", name, Frameworks.model_fields)
    if not there:
        raise UsageError(f"--framework '{word}' is not of the form FRAMEWORK=TYPE", fix=f"Such as {name}=MyOp.")
    domain, colon, rest = there.rpartition(":")
    if name == "onnx" and colon:
        return name, {"type": rest, "domain": domain}
    return name, {"type": there}


def op_type_of(name: str) -> str:
    """The op's type that a project's name suggests: scaled_cosh -> ScaledCosh."""
    return camel_case(name) if name.islower() else name
