"""Rules on the macros of a layer, and on names that the plugin's own text already defines."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from ovext.gpu.layer import plugin_text
from ovext.gpu.place import Place, PlacedFinding, error, note, warning
from ovext.gpu.plugin import plugin_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovext.gpu.layer import Define, Layer, Source, Use
    from ovext.gpu.source import Declared
    from ovext.project.attributes import AttributeValue

_BUILT_IN = re.compile(
    r"NUM_INPUTS|(GLOBAL|LOCAL)_WORKSIZE(_SIZE|_INIT)?"
    r"|(IN|OUT)PUT\d+_(TYPE|OFFSET|FORMAT_\w+|(DIMS|PITCHES|LOWER_PADDING|UPPER_PADDING)(_SIZE|_INIT)?)"
)
_LOST = 1e-4  # the relative change of a value that rounding to six decimals may cause
_State = Callable[..., PlacedFinding]  # error or warning
_SINGLE_CONSTANTS = "-cl-single-precision-constant"


def check_macros(layer: Layer, use: Use) -> Iterator[PlacedFinding]:
    yield from _defines(layer, use)
    for source in layer.sources:
        yield from _names(source)


def _names(source: Source) -> Iterator[PlacedFinding]:
    for declared in source.outline.declared:
        clash = _clash(declared)
        if clash:
            state, problem = clash
            where = Place(source.file, declared.line)
            text = f"'{declared.name}' {problem}"
            yield state("reserved", where, text, "Choose another name.")


def _clash(declared: Declared) -> tuple[_State, str] | None:
    """How a declaration clashes with what the plugin puts before the kernel; None if it does not."""
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
    for attribute in use.unreadable:
        text = f"the plugin cannot process the attribute '{attribute}', even where no macro stands for it"
        yield error("attribute-type", layer.place, text, "Make it a shape, a list or a string.")
    for define in layer.defines:
        if _BUILT_IN.fullmatch(define.name):
            text = f"the define '{define.name}' replaces a macro by which the plugin describes the layer"
            yield error("reserved", define.place, text, "Choose another name.")
        elif define.name in names.constants | names.macros:
            text = f"the define '{define.name}' replaces a macro of the plugin"
            yield warning("reserved", define.place, text, "Choose another name.")
        if use.is_known and define.attribute and define.attribute not in use.attributes:
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
            text = f"{define.attribute} = '{value}' is in the kernel as it is, without quotes"
            yield warning("define-value", where, text, "Give the attribute values that are words.")
