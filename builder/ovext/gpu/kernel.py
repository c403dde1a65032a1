"""Rules on a layer's kernel source and on its name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ovext.gpu.elements import OPENCL_TYPES, in_kernel
from ovext.gpu.place import Place, error, warning
from ovext.gpu.plugin import plugin_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovext.gpu.layer import Layer, Source, Tensor, Use
    from ovext.gpu.place import PlacedFinding
    from ovext.gpu.source import Argument, Kernel

_TYPE_MACRO = re.compile(r"(IN|OUT)PUT\d+_TYPE")
_SCALAR_TYPE = re.compile(r"u?(char|short|int|long|half|float|double)(2|3|4|8|16)?")
_UNKNOWN = frozenset({"half", "float"})  # assumed for a layer that is not known to be for integers


def check_kernel(layer: Layer, use: Use) -> Iterator[PlacedFinding]:
    if not use.is_known:
        yield from _name(layer)
    for source in layer.sources:
        if source.text is None and not source.is_told:
            fix = "An XML names it from its own folder, an op.toml from that of the op."
            yield error("source", source.place, f"the kernel's source {source.file} cannot be read", fix)
    if not layer.sources:
        text = "the layer's <Kernel> has no <Source>"
        yield error("no-source", layer.place, text, 'Add <Source filename="kernel.cl"/>.')
    elif all(source.text is not None for source in layer.sources):
        yield from _kernels(layer, use)
        for source in layer.sources:
            yield from _includes(source)


def _name(layer: Layer) -> Iterator[PlacedFinding]:
    types = plugin_names().op_types
    if layer.op in types:
        text = f"the layer replaces the plugin's own {layer.op} in every model"
        yield warning("own-op", layer.place, text, "Give a custom op its own name.")
        return
    for name in types:
        if name.casefold() == layer.op.casefold():
            text = f"no op of OpenVINO has the type '{layer.op}': the layer is for a custom op of that name only"
            yield warning("op-type", layer.place, text, f"Write '{name}' if you mean OpenVINO's op.")


def _kernels(layer: Layer, use: Use) -> Iterator[PlacedFinding]:
    state = error if all(source.outline.is_sure for source in layer.sources) else warning
    found = [(source, kernel) for source in layer.sources for kernel in source.outline.kernels]
    if not found:
        text = "the source has no __kernel; the model does not compile"
        yield state("kernel-count", Place(layer.sources[0].file, 1), text, "Write one.")
        return
    for source, kernel in found[1:]:
        text = f"'{kernel.name}' is a second __kernel; the plugin compiles only sources with exactly one"
        where = Place(source.file, kernel.line)
        yield state("kernel-count", where, text, "Make it a plain function, or a layer of its own.")
    entries = [(source, kernel) for source, kernel in found if kernel.name == layer.entry]
    if layer.entry and not entries:
        text = f"the entry '{layer.entry}' is not in the source, which has {found[0][1].name}"
        yield state("entry", Place(found[0][0].file, found[0][1].line), text, "Use one name for both.")
    # If #if chooses among several of that name, it is enough that one fits.
    checked = [list(_arguments(layer, use, source, kernel)) for source, kernel in entries]
    yield from min(checked, key=len, default=[])


def _arguments(layer: Layer, use: Use, source: Source, kernel: Kernel) -> Iterator[PlacedFinding]:
    bound = {tensor.argument: tensor for tensor in layer.tensors}
    count = max(bound, default=-1) + 1
    if len(kernel.arguments) != count:
        text = f"the kernel has {len(kernel.arguments)} arguments, and the layer binds {count}; inference fails"
        where = Place(source.file, kernel.line)
        yield error("arg-count", where, text, "Bind each argument to one tensor.")
    for number, argument in enumerate(kernel.arguments[:count]):
        if number not in bound:  # the plugin's own default
            state = warning if argument.is_const else error
            text = f"no tensor has arg-index {number}, where the kernel has '{argument.name}': it gets input 0"
            yield state("arg-gap", layer.place, text, "Count the kernel's arguments from 0 on.")
        elif argument.is_local:
            text = f"'{argument.name}' is __local, and the plugin has no local memory for arguments; inference fails"
            yield error("arg-local", Place(source.file, argument.line), text, "Declare it in the kernel.")
        elif argument.is_pointer:
            yield from _type(argument, bound[number], use, Place(source.file, argument.line))


def _type(argument: Argument, tensor: Tensor, use: Use, where: Place) -> Iterator[PlacedFinding]:
    if tensor.kind == "internal":
        return  # memory without a type
    macro = f"{tensor.kind.upper()}{tensor.port}_TYPE"
    if _TYPE_MACRO.fullmatch(argument.type) and argument.type != macro:
        bound_to = f"{tensor.kind} {tensor.port} of the op"
        text = f"'{argument.name}' is a {argument.type}*, but argument {tensor.argument} is {bound_to}"
        yield warning("arg-type", where, text, "Put kernel and bindings in one order.")
    scalar = _SCALAR_TYPE.fullmatch(argument.type)
    if scalar is None:
        return
    models = use.types(tensor.kind, tensor.port)
    arriving = {in_kernel(model, precision) for model in models for precision in use.precisions}
    possible = {OPENCL_TYPES[one].removeprefix("u") for one in arriving if one} or _UNKNOWN
    is_unsure = not models and scalar[1] not in {"half", "float", "double"}
    if not is_unsure and possible != {scalar[1]}:
        text = (
            f"'{argument.name}' is a {argument.type}*, but the tensor comes as {' or '.join(sorted(possible))}: "
            "f32 and f16 as either, by INFERENCE_PRECISION_HINT; memory may be overrun"
        )
        fix = f"Write {macro}*"
        if possible == {"half", "float"} and scalar[1] == "float" and use.is_known:
            fix += ', or precision = "f32" in [gpu] for models with that hint only'
        yield error("fixed-type", where, text, f"{fix}.")


def _includes(source: Source) -> Iterator[PlacedFinding]:
    for line in source.outline.includes:
        text = "the plugin compiles one text and knows no folder to include from"
        fix = "Put the content here, or give the layer several sources."
        yield error("include", Place(source.file, line), text, fix)
