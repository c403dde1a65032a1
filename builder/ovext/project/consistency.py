"""Contradictions within one op.toml that its types cannot rule out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, get_args

from ovext.project.attributes import ElementType
from ovext.project.dims import REST, parse_dim
from ovext.project.elementwise import contradictions_of_formula
from ovext.project.forms import form_with
from ovext.project.frameworks import JaxMapping, Mapping, PaddleMapping, PyTorchMapping, is_readable
from ovext.project.input_rules import contradictions_of_inputs
from ovext.project.layer_rules import contradictions_of_layers
from ovext.project.problems import Problem, unknown
from ovext.project.rows import contradictions_of_kernel
from ovext.project.shapes import (
    BROADCAST,
    CUSTOM,
    DATA_DEPENDENT,
    bound_sizes,
    check_formula,
    names_in,
    output_shapes,
    parse_constraint,
)
from ovext.targets.plugin_types import TAKEN_BY_CPU_PLUGIN, TAKEN_WITH_ONE_INPUT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ovext.project.attributes import Attribute, AttributeValue
    from ovext.project.frameworks import AnyMapping
    from ovext.project.op import OpDescription, Output

_OF_GENERATED_CODE = {"check", "np", "op", "visit", "visitor"}


def contradictions(op: OpDescription) -> list[Problem]:
    problems = [
        *_names(op),
        *contradictions_of_inputs(op),
        *_outputs(op),
        *_constraints(op),
        *_attributes(op),
        *_frameworks(op),
        *((("elementwise",), problem) for problem in contradictions_of_formula(op)),
        *((("kernel", key), problem) for key, problem in contradictions_of_kernel(op)),
        *contradictions_of_layers(op),
        *_tests(op),
    ]
    return problems or list(_shapes_of_cases(op))  # shapes can be computed only if the rest is right


def _names(op: OpDescription) -> Iterator[Problem]:
    has_one_input = sum(tensor.counts[0] for tensor in op.inputs) == 1
    names_taken = [*TAKEN_BY_CPU_PLUGIN, *(TAKEN_WITH_ONE_INPUT if has_one_input else ())]
    if op.type.lower() in {name.lower() for name in names_taken}:
        yield ("type",), f"OpenVINO's CPU plugin takes '{op.type}' for an op of its own: give it another name"
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
            if name in _OF_GENERATED_CODE:
                yield (table, number, "name"), f"generated code needs the name '{name}' itself; write '{name}_'"
            taken.add(name)


def _whole_numbers(op: OpDescription) -> set[str]:
    always = [tensor for tensor in op.inputs if tensor.counts[0]]
    names = {parse_dim(dim).name for tensor in always for dim in tensor.dims or ()} - {""}
    return names | {attribute.name for attribute in op.attributes if attribute.of.is_whole_number}


def _outputs(op: OpDescription) -> Iterator[Problem]:
    inputs = [tensor.name for tensor in op.inputs]
    rules = {"", BROADCAST, CUSTOM, DATA_DEPENDENT, *inputs}
    for number, output in enumerate(op.outputs):
        if output.type and output.type not in {*inputs, *get_args(ElementType)}:
            yield ("outputs", number, "type"), unknown(output.type, "element type and no input", inputs)
        if isinstance(output.shape, str) and output.shape not in rules:
            yield ("outputs", number, "shape"), unknown(output.shape, "input and no rule", sorted(rules - {""}))
        formulas = output.shape if isinstance(output.shape, list) else []
        for formula in formulas:
            for problem in _formula(formula, op):
                yield ("outputs", number, "shape"), problem
        if formulas.count(REST) > 1:
            yield ("outputs", number, "shape"), f"'{REST}' stands in it more than once"
        if problem := _rank(output):
            yield ("outputs", number, "rank"), problem


def _rank(output: Output) -> str:
    if output.rank is None and output.rule == DATA_DEPENDENT:
        return "a data-dependent shape needs its rank: OpenVINO computes nothing without"
    if output.rank is not None and output.rule not in {CUSTOM, DATA_DEPENDENT}:
        return "the rule for the shape tells the rank"
    return ""


def _formula(formula: str, op: OpDescription) -> Iterator[str]:
    if formula == REST:
        if not any(REST in (tensor.dims or ()) for tensor in op.inputs if tensor.counts[0]):
            yield f"no input has the dimensions '{REST}'"
        return
    try:
        check_formula(formula)
        used = names_in(formula)
    except ValueError as error:
        yield str(error)
        return
    known = _whole_numbers(op)
    for name in sorted(used - known):
        if owner := next((one.name for one in op.inputs if name in (one.dims or ())), None):
            yield f"'{name}' is not known where '{owner}' is left out"
            continue
        yield unknown(name, "dimension or whole-number attribute", sorted(known))


def _constraints(op: OpDescription) -> Iterator[Problem]:
    for number, constraint in enumerate(op.constraints):
        try:
            parse_constraint(constraint)
        except ValueError as error:
            yield ("constraints", number), str(error)
            continue
        for problem in _formula(constraint, op):
            yield ("constraints", number), problem


def _attributes(op: OpDescription) -> Iterator[Problem]:
    for number, attribute in enumerate(op.attributes):
        for key, problem in _attribute(attribute):
            yield ("attributes", number, key), problem


def _attribute(attribute: Attribute) -> Iterator[tuple[str, str]]:
    is_number = attribute.of.kind in {"int", "float"} and attribute.of.cpp.startswith(("std::", "float", "double"))
    for key, bound in (("min", attribute.min), ("max", attribute.max)):
        if bound is not None and not is_number:
            yield key, f"only numbers have bounds, and '{attribute.name}' is of type {attribute.type}"
        elif bound is not None and (why := _unfit_bound(attribute, bound)):
            yield key, why
    if attribute.min is not None and attribute.max is not None and attribute.min > attribute.max:
        yield "max", f"it is less than min, {attribute.min:g}"
    if attribute.type == "enum" and not attribute.values:
        yield "values", "an enum needs the values that it can have"
    if attribute.type != "enum" and attribute.values:
        yield "values", f"only an enum has values, and '{attribute.name}' is of type {attribute.type}"
    for value in sorted({value for value in attribute.values if attribute.values.count(value) > 1}):
        yield "values", f"'{value}' stands there twice"
    if attribute.default is not None and (why := attribute.refusal_of(attribute.default)):
        yield "default", why


def _unfit_bound(attribute: Attribute, bound: float) -> str:
    of = attribute.of
    if not math.isfinite(bound):
        return f"{bound} bounds nothing: leave it out"
    if of.kind == "int" and bound != int(bound):
        return f"{bound} is no whole number"
    if of.lowest is not None and not of.lowest <= bound <= (of.highest or 0):
        return f"{bound:g} is no {attribute.type.removesuffix('[]')}: that is {of.lowest} to {of.highest}"
    return ""


def _values(op: OpDescription, values: dict[str, AttributeValue]) -> Iterator[tuple[str, str]]:
    """The problems of values for attributes, each with the attribute's name."""
    by_name = {one.name: one for one in op.attributes}
    for name, value in values.items():
        if name not in by_name:
            yield name, unknown(name, "attribute", by_name)
        elif why := by_name[name].refusal_of(value):
            yield name, why


def _frameworks(op: OpDescription) -> Iterator[Problem]:
    names = [one.name for one in op.attributes]
    for framework, mapping in op.frameworks.given():
        at = ("frameworks", framework)
        renamed: Iterable[str] = ()
        if isinstance(mapping, PyTorchMapping):
            renamed, table = mapping.arguments, "arguments"
            yield from (((*at, table), problem) for problem in _arguments(op, mapping))
        elif isinstance(mapping, Mapping):
            renamed, table = mapping.attributes, "attributes"
        for name in renamed:
            if name not in names:
                yield (*at, table, name), unknown(name, "attribute", names)
            if name in mapping.constants:
                yield (*at, "constants", name), f"'{name}' cannot be constant and come from the model"
        tables = {"constants": mapping.constants}
        if not isinstance(mapping, JaxMapping):
            tables["defaults"] = mapping.defaults
        for key, values in tables.items():
            yield from (((*at, key, name), why) for name, why in _values(op, values))
        yield from ((at, problem) for problem in (*_ports(op, mapping), *_unreadable(op, framework, mapping)))


def _arguments(op: OpDescription, mapping: PyTorchMapping) -> Iterator[str]:
    for name, number in mapping.arguments.items():
        if number < len(op.inputs):
            yield f"argument {number} of '{name}' is the input '{op.inputs[number].name}'"
    numbers = list(mapping.arguments.values())
    for number in sorted({one for one in numbers if numbers.count(one) > 1}):
        yield f"argument {number} stands for two attributes"


def _ports(op: OpDescription, mapping: AnyMapping) -> Iterator[str]:
    if isinstance(mapping, PaddleMapping):
        for what, given, wanted in (("inputs", mapping.inputs, op.inputs), ("outputs", mapping.outputs, op.outputs)):
            if given and len(given) != len(wanted):
                yield f"it names {len(given)} {what}, and the op has {len(wanted)}"


def _unreadable(op: OpDescription, framework: str, mapping: AnyMapping) -> Iterator[str]:
    for attribute in op.attributes:
        has_value = attribute.default is not None or attribute.name in mapping.constants
        if not has_value and not is_readable(framework, attribute):
            why = f"OpenVINO cannot read {attribute.type} from models of {framework}"
            yield f"'{attribute.name}' needs a constant: {why}"


def _ranges(op: OpDescription) -> Iterator[Problem]:
    inputs = [tensor.name for tensor in op.inputs]
    for name in op.test.ranges:
        if name not in inputs:
            yield ("test", "ranges", name), unknown(name, "input", inputs)
    for name, (low, high) in op.test.ranges.items():
        if not (math.isfinite(low) and math.isfinite(high) and low <= high):
            yield ("test", "ranges", name), f"[{low:g}, {high:g}] is no range: two numbers, the smaller first"


def _meanings(op: OpDescription) -> Iterator[Problem]:
    inputs = [tensor.name for tensor in op.inputs]
    known = sorted(_whole_numbers(op))
    for name in op.test.values:
        if name not in inputs:
            yield ("test", "values", name), unknown(name, "input", inputs)
            continue
        index = op.meaning_of(name).index
        for missing in sorted(names_in(index) - set(known)) if index else ():
            yield ("test", "values", name), unknown(missing, "dimension or whole-number attribute", known)


def _tests(op: OpDescription) -> Iterator[Problem]:
    yield from _ranges(op)
    yield from _meanings(op)
    for name, values in op.test.attributes.items():
        for value in values:
            yield from ((("test", "attributes", name), why) for _, why in _values(op, {name: value}))
    for number, case in enumerate(op.test.cases):
        at = ("test", "cases", number)
        try:
            form = form_with(op, case.shapes)
        except ValueError as error:
            yield (*at, "shapes"), str(error)
            continue
        yield from (((*at, "attributes"), why) for _, why in _values(op, case.attributes))
        outputs = [one.name for one in op.outputs]
        for name in case.outputs:
            if name not in outputs:
                yield (*at, "outputs"), unknown(name, "output", outputs)
        for name, values in case.values.items():
            if name not in case.shapes:
                yield (*at, "values"), unknown(name, "input", [one.name for one in form.inputs])
            elif math.prod(case.shapes[name]) and shape_of(values) != tuple(case.shapes[name]):
                yield (*at, "values"), f"the values of '{name}' are not numbers in the shape {case.shapes[name]}"


def shape_of(values: object) -> tuple[int, ...] | None:
    """The shape of lists in lists of numbers; None if they are something else."""
    if isinstance(values, (int, float)):
        return ()
    shapes = {shape_of(one) for one in values} if isinstance(values, list) else {None}
    inner = shapes.pop() if len(shapes) == 1 else None
    return None if inner is None or not isinstance(values, list) else (len(values), *inner)


def _shapes_of_cases(op: OpDescription) -> Iterator[Problem]:
    for number, case in enumerate(op.test.cases):
        try:
            shapes = case.sizes()
            known = {output.name: case.outputs.get(output.name, ()) for output in _untold(op)}
            form = form_with(op, shapes)
            output_shapes(form, shapes, op.all_values(case.attributes), known)
            sizes = bound_sizes(form, shapes, op.all_values(case.attributes)).known
            for name in form.test.values:
                form.meaning_of(name).limits(sizes)
        except ValueError as error:
            yield ("test", "cases", number, "shapes"), str(error)


def _untold(op: OpDescription) -> Sequence[Output]:
    """The outputs whose shapes no rule determines."""
    return [one for one in op.outputs if one.rule in (CUSTOM, DATA_DEPENDENT)]
