"""Rules on a layer's kernel source, its macros and its name."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from ovext.gpu.findings import Place, PlacedFinding, error, note, warning
from ovext.gpu.layer import plugin_text
from ovext.gpu.plugin import plugin_names
from ovext.gpu.source import declared_in, has_conditionals, kernels_in, without_comments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovext.gpu.layer import Define, Layer, Source, Use
    from ovext.gpu.source import Declared, Kernel
    from ovext.project.op import AttributeValue

_FLOATS = {"float", "half", "double"}
_TYPE_MACRO = re.compile(r"(IN|OUT)PUT\d+_TYPE")
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include\b", re.MULTILINE)
_BUILT_IN = re.compile(
    r"NUM_INPUTS|(GLOBAL|LOCAL)_WORKSIZE(_SIZE|_INIT)?"
    r"|(IN|OUT)PUT\d+_(TYPE|OFFSET|FORMAT_\w+|(DIMS|PITCHES|LOWER_PADDING|UPPER_PADDING)(_SIZE|_INIT)?)"
)
_LOST = 1e-4  # a relative change of a value that six decimals may bring
_State = Callable[..., PlacedFinding]  # error or warning
_SINGLE_CONSTANTS = "-cl-single-precision-constant"


def check_kernel(layer: Layer, use: Use) -> Iterator[PlacedFinding]:
    yield from _name(layer)
    yield from _defines(layer, use)
    for source in layer.sources:
        if source.text is None:
            fix = "An XML names it from its own folder, an op.toml from that of the op."
            yield error("source", source.place, f"the kernel's source {source.file} cannot be read", fix)
    readable = [source for source in layer.sources if source.text is not None]
    if not layer.sources:
        text = "the layer's <Kernel> has no <Source>"
        yield error("source", layer.place, text, 'Add <Source filename="kernel.cl"/>.')
    if not readable or len(readable) < len(layer.sources):
        return
    yield from _kernels(layer, readable)
    for source in readable:
        yield from _names(source)
        yield from _includes(source)


def _name(layer: Layer) -> Iterator[PlacedFinding]:
    types = plugin_names().op_types
    if layer.op in types:
        text = f"the layer replaces the plugin's own {layer.op} in every model"
        yield warning("own-op", layer.place, text, "Give a custom op its own name.")
        return
    for name in types:
        if name.casefold() == layer.op.casefold():
            text = f"no op has the type '{layer.op}'; the plugin ignores the layer"
            yield error("op-type", layer.place, text, f"Write '{name}', as OpenVINO spells it.")


def _kernels(layer: Layer, sources: list[Source]) -> Iterator[PlacedFinding]:
    codes = [(source, without_comments(source.text or "")) for source in sources]
    found = [(source, kernel) for source, code in codes for kernel in kernels_in(code)]
    if not found:
        text = "the source has no __kernel; the model does not compile"
        yield error("kernel-count", Place(sources[0].file, 1), text, "Write one.")
        return
    chosen_by_macros = any(has_conditionals(code) for _, code in codes)
    for source, kernel in found[1:]:
        state = warning if chosen_by_macros else error
        text = f"'{kernel.name}' is a second __kernel; the plugin compiles only sources with exactly one"
        where = Place(source.file, kernel.line)
        yield state("kernel-count", where, text, "Make it a plain function, or a layer of its own.")
    entries = [(source, kernel) for source, kernel in found if kernel.name == layer.entry]
    if layer.entry and not entries:
        text = f"the entry '{layer.entry}' is not in the source, which has {found[0][1].name}"
        yield error("entry", Place(found[0][0].file, found[0][1].line), text, "Use one name for both.")
    for source, kernel in entries[:1]:
        yield from _arguments(layer, source, kernel)


def _arguments(layer: Layer, source: Source, kernel: Kernel) -> Iterator[PlacedFinding]:
    bound = {tensor.argument: tensor for tensor in layer.tensors}
    if len(kernel.arguments) != len(bound):
        text = f"the kernel has {len(kernel.arguments)} arguments, and the layer binds {len(bound)}; inference fails"
        where = Place(source.file, kernel.line)
        yield error("arg-count", where, text, "Bind each argument to one tensor.")
    for number, argument in enumerate(kernel.arguments):
        tensor = bound.get(number)
        if tensor is None or not argument.is_pointer:
            continue
        macro = f"{tensor.kind.upper()}{tensor.port}_TYPE"
        if _TYPE_MACRO.fullmatch(argument.type) and argument.type != macro:
            bound_to = f"{tensor.kind} {tensor.port} of the op"
            text = f"'{argument.name}' is a {argument.type}*, but argument {number} is {bound_to}"
            yield warning("arg-type", Place(source.file, argument.line), text, "Put kernel and bindings in one order.")
        if argument.type in _FLOATS:
            text = (
                f"'{argument.name}' is a {argument.type}*, but f32 tensors come as half unless "
                "INFERENCE_PRECISION_HINT is f32, and then half ones come as float; memory would be overrun"
            )
            where = Place(source.file, argument.line)
            yield error("fixed-type", where, text, f"Write {macro}*.")


def _names(source: Source) -> Iterator[PlacedFinding]:
    for declared in declared_in(without_comments(source.text or "")):
        clash = _clash(declared)
        if clash:
            state, problem = clash
            where = Place(source.file, declared.line)
            text = f"'{declared.name}' {problem}"
            yield state("reserved", where, text, "Choose another name.")


def _includes(source: Source) -> Iterator[PlacedFinding]:
    code = without_comments(source.text or "")
    for match in _INCLUDE.finditer(code):
        where = Place(source.file, code.count("\n", 0, match.start()) + 1)
        text = "the plugin compiles one text and knows no folder to include from"
        yield error("include", where, text, "Put the content here, or give the layer several sources.")


def _clash(declared: Declared) -> tuple[_State, str] | None:
    """How a declaration goes together with what the plugin puts before the kernel; None for well."""
    names, name, kind = plugin_names(), declared.name, declared.kind
    is_macro = name in names.constants | names.macros
    cases: list[tuple[object, _State, str]] = [
        (_BUILT_IN.fullmatch(name), error, "is a macro by which the plugin describes the layer"),
        (is_macro and kind == "macro", warning, "is a macro of the plugin already, which this replaces"),
        (
            name in names.constants or (is_macro and kind == "function"),
            error,
            "is a macro of the plugin, and is replaced by its text",
        ),
        (is_macro, warning, "is a macro of the plugin: it must never stand before a parenthesis"),
        (kind == "function" and name in names.functions, error, "is a function of the plugin"),
        (kind == "function" and name in names.overloads, warning, "is a function of the plugin with other parameters"),
        (kind == "type" and name in names.types, error, "is a type of the plugin"),
    ]
    return next(((state, problem) for applies, state, problem in cases if applies), None)


def _defines(layer: Layer, use: Use) -> Iterator[PlacedFinding]:
    names = plugin_names()
    for define in layer.defines:
        if _BUILT_IN.fullmatch(define.name):
            text = f"the define '{define.name}' replaces a macro by which the plugin describes the layer"
            yield error("reserved", define.place, text, "Choose another name.")
        elif define.name in names.constants | names.macros:
            text = f"the define '{define.name}' replaces a macro of the plugin"
            yield warning("reserved", define.place, text, "Choose another name.")
        if use.attributes is not None and define.attribute and define.attribute not in use.attributes:
            text = f"the op has no attribute '{define.attribute}'; the macro is always '{define.default}'"
            yield error("define-attribute", define.place, text, "Name one of its attributes.")
        if define.attribute == "" and define.default == "":
            text = f"the define '{define.name}' has neither param nor default, and stands for nothing"
            yield warning("define-empty", define.place, text, "Add one.")
        values = [sample.attributes.get(define.attribute) for sample in use.samples]
        yield from _values(layer, define, [value for value in values if value is not None])


def _values(layer: Layer, define: Define, values: list[AttributeValue]) -> Iterator[PlacedFinding]:
    where = define.place
    single = [one for value in values for one in (value if isinstance(value, list) else [value])]
    floats = [number for number in single if isinstance(number, float)]
    for number in floats:
        written = plugin_text(number)
        if not math.isfinite(number):
            text = f"{define.attribute} = {number} becomes '{written}', a word that OpenCL C does not know"
            yield error("define-value", where, text, "Keep the attribute finite.")
        elif abs(float(written) - number) > _LOST * abs(number):
            text = f"{define.attribute} = {number} becomes {written}: the plugin writes six decimals"
            fix = "Use a larger unit for the attribute, or make it an input of the op."
            yield error("define-value", where, text, fix)
    if floats and _SINGLE_CONSTANTS not in layer.options:
        text = f"{define.name} is a double constant, which GPUs without double precision compute as float"
        yield note("define-double", where, text, f"Add {_SINGLE_CONSTANTS} to the options.")
    for value in values:
        if isinstance(value, str) and not re.fullmatch(r"[\w.+-]+", value):
            text = f"{define.attribute} = '{value}' stands in the kernel as it is, without quotes"
            yield warning("define-value", where, text, "Give the attribute values that are words.")
