"""Rules on layers of type MVCL: the grammar of the last plugin that read them, and of the earlier documentation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

from ovext.errors import nearest
from ovext.gpu.expressions import ALL_ONES, ExpressionError, evaluate, split
from ovext.gpu.place import Place, error, warning
from ovext.gpu.source import outline
from ovext.project.gpu_tables import VpuFormat

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ovext.gpu.place import PlacedFinding
    from ovext.gpu.xml import Element
    from ovext.project.gpu_tables import Vpu
    from ovext.project.op import OpDescription

FORMATS: tuple[str, ...] = get_args(VpuFormat)
_TENSOR_TYPES = ("input", "output", "input_buffer", "output_buffer", "data")
# The required attributes of each element, and the optional ones.
_KNOWN: dict[str, tuple[set[str], set[str]]] = {
    "CustomLayer": ({"name", "type", "version"}, {"stage", "max-shaves"}),
    "Kernel": ({"entry"}, {"stage", "max-shaves"}),
    "Source": ({"filename"}, set()),
    "Parameters": (set(), set()),
    "Tensor": ({"arg-name", "type"}, {"port-index", "format", "dim", "size"}),
    "Scalar": ({"arg-name", "type", "source"}, {"port-index"}),
    "Data": ({"arg-name", "type"}, {"source", "dim", "size"}),
    "WorkSizes": ({"global"}, {"local", "dim"}),
}
_SCALAR_SOURCE = re.compile(r"[A-Za-z_]\w*|[IO](\[\d+\]|\d+)?\.[BFYXbfyx]|[-+]?\d+(\.\d*)?([eE][-+]?\d+)?")
_DIM = re.compile(r"(input|output),\d+")


def check_mvcl(layer: Element) -> Iterator[PlacedFinding]:
    """Every finding about one CustomLayer of type MVCL."""
    yield from _attributes(layer)
    if layer.attributes.get("version") != "1":
        yield error("layer-version", layer.place_of("version"), "the layer's version is not '1'", 'Write version="1".')
    kernels = layer.of_tag("Kernel")
    if not kernels:
        yield error("no-kernel", layer.place, "the layer has no <Kernel>", "Add <Kernel>.")
    stages = [kernel.attributes.get("stage", str(number)) for number, kernel in enumerate(kernels)]
    if sorted(stages) != [str(number) for number in range(len(kernels))]:
        yield error("stage", layer.place, f"the stages are {', '.join(stages)}", "Number them from 0 on.")
    for kernel in kernels:
        yield from _attributes(kernel)
        yield from _parts(kernel, kernel, ("Source",))
    # Up to 2020, parameters and work sizes were beside the kernels.
    holders = [layer] if layer.of_tag("Parameters") else kernels
    for holder in holders:
        yield from _parts(holder, kernels[0] if holder is layer and kernels else holder, ("Parameters", "WorkSizes"))
        yield from _sizes_and_parameters(holder)


def _parts(holder: Element, kernel: Element, tags: Sequence[str]) -> Iterator[PlacedFinding]:
    for tag in tags:
        found = holder.of_tag(tag)
        if not found:
            yield error(f"no-{tag.lower()}", kernel.place, f"the kernel has no <{tag}>", f"Add <{tag}>.")
        for element in found:
            yield from _attributes(element)


def _sizes_and_parameters(holder: Element) -> Iterator[PlacedFinding]:
    for sizes in holder.of_tag("WorkSizes"):
        yield from _sizes(sizes)
    for parameters in holder.of_tag("Parameters"):
        for parameter in parameters.children:
            if parameter.tag not in {"Tensor", "Scalar", "Data"}:
                text = f"<{parameter.tag}> is no parameter{nearest(parameter.tag, ['Tensor', 'Scalar', 'Data'])}"
                yield error("parameter", parameter.place, text, "Use Tensor, Scalar or Data.")
                continue
            yield from _attributes(parameter)
            yield from _parameter(parameter)


def _attributes(element: Element) -> Iterator[PlacedFinding]:
    needed, optional = _KNOWN[element.tag]
    for name in sorted(needed):
        if not element.attributes.get(name):
            yield error("missing", element.place, f"<{element.tag}> has no {name}", f'Add {name}="...".')
    for name, value in element.attributes.items():
        where = element.place_of(name)
        if name not in needed | optional:
            text = f"<{element.tag}> takes no attribute '{name}'{nearest(name, needed | optional)}"
            yield warning("ignored", where, text, "Remove or rename it.")
        elif not value and name in optional:
            yield error("missing", where, f"the {name} of <{element.tag}> is empty", "Give it a value or remove it.")


def _parameter(element: Element) -> Iterator[PlacedFinding]:
    given = element.attributes
    kind = given.get("type", "")
    allowed = {"Tensor": _TENSOR_TYPES, "Scalar": ("int", "float"), "Data": ("data", "local_data")}[element.tag]
    if kind and kind not in allowed:
        text = f"<{element.tag}> has an invalid type '{kind}'{nearest(kind, allowed)}"
        yield error("parameter", element.place_of("type"), text, f"Use one of {', '.join(allowed)}.")
    layout = given.get("format")
    if layout and layout.upper() not in FORMATS:
        text = f"there is no format '{layout}'{nearest(layout, FORMATS)}"
        yield error("format", element.place_of("format"), text, f"Use one of {', '.join(FORMATS)}.")
    if element.tag == "Tensor" and kind.endswith("_buffer") and not given.get("size"):
        yield error("parameter", element.place, f"a tensor of type {kind} has no size", "Give its size in bytes.")
    if element.tag == "Tensor" and kind in {"input", "output"} and not given.get("port-index", "").isdigit():
        yield error("tensor-index", element.place, "a tensor has no port-index from 0 on", "Number the op's ports.")
    source = given.get("source")
    if element.tag == "Scalar" and source and not _SCALAR_SOURCE.fullmatch(source):
        text = f"'{source}' is no source of a number"
        yield error("parameter", element.place_of("source"), text, "Name an attribute, I0.X or the like, or a number.")
    if element.tag == "Data" and bool(source) == bool(given.get("dim")):
        yield error("parameter", element.place, "<Data> needs either a source or a dim", "Give one of them.")


def _sizes(sizes: Element) -> Iterator[PlacedFinding]:
    dim = sizes.attributes.get("dim")
    if dim and not _DIM.fullmatch(dim):
        text = f"the dim '{dim}' names no tensor"
        yield error("dim", sizes.place_of("dim"), text, 'Write dim="output,0" or "input,0".')
    for name in ("global", "local"):
        yield from _expressions(name, split(sizes.attributes.get(name, "")), sizes.place_of(name))


def _expressions(name: str, expressions: Sequence[str], where: Place) -> Iterator[PlacedFinding]:
    for expression in expressions:
        try:
            evaluate(expression.strip(), ALL_ONES)
        except ExpressionError as problem:
            text = f"the {name} size '{expression}' is not valid: {problem}"
            yield error("size-syntax", where, text, "Write something like X, (Y+15)/16*16 or B*F.")


def check_described(op: OpDescription, place: Place) -> Iterator[PlacedFinding]:
    """Every finding about a table [vpu] and the kernel that it names. `place` is the table's line."""
    if op.vpu is None:
        return
    yield from _described_values(op, op.vpu, place)
    file = op.folder / op.vpu.kernel
    if not file.is_file():
        yield error("source", place, f"the kernel's source {file} is missing", "Write it, or name another.")
        return
    kernels = outline(file.read_text(encoding="utf-8", errors="replace")).kernels
    entry = next((kernel for kernel in kernels if kernel.name == op.vpu.entry), None)
    if entry is None:
        names = [kernel.name for kernel in kernels]
        text = f"the entry '{op.vpu.entry}' is not in the source{nearest(op.vpu.entry, names)}"
        yield error("entry", Place(file, 1), text, "Use one name for both.")
        return
    bound = [*op.vpu.arguments, *op.vpu.scalars]
    yield from _names([argument.name for argument in entry.arguments], bound, Place(file, entry.line))


def _described_values(op: OpDescription, vpu: Vpu, place: Place) -> Iterator[PlacedFinding]:
    ports = {"input": len(op.inputs), "output": len(op.outputs)}
    kind, _, port = vpu.dim.partition(",")
    if not port.isdigit() or int(port) >= ports.get(kind, 0):
        yield error("dim", place, f"the dim '{vpu.dim}' names no tensor of the op", 'Write dim = "output,0".')
    for name, expressions in (("global", vpu.work_sizes), ("local", vpu.local_sizes)):
        yield from _expressions(name, expressions, place)
    numbers = [one.name for one in op.attributes if one.type in {"bool", "int", "float"}]
    others = [one.name for one in op.attributes if one.name not in numbers]
    for argument, source in vpu.scalars.items():
        is_unknown = source.isidentifier() and source not in numbers
        if not _SCALAR_SOURCE.fullmatch(source) or source in others or is_unknown:
            text = f"'{source}', for the argument '{argument}', is no source of a number{nearest(source, numbers)}"
            yield error("parameter", place, text, "Name a numeric attribute, I0.X or the like, or a number.")


def _names(arguments: Sequence[str], bound: Sequence[str], where: Place) -> Iterator[PlacedFinding]:
    for name in bound:
        if name not in arguments:
            yield error(
                "arg-name", where, f"the kernel has no argument '{name}'{nearest(name, arguments)}", "Rename it."
            )
    for name in arguments:
        if name not in bound:
            fix = "Name it in [vpu.arguments] or [vpu.scalars]."
            yield error("arg-name", where, f"the argument '{name}' is bound to nothing{nearest(name, bound)}", fix)
