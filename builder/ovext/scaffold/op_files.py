"""The first version of an op's files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ovext.errors import UsageError
from ovext.project.attributes import PACKED
from ovext.project.dims import REST, parse_dim
from ovext.project.elementwise import in_language, is_elementwise
from ovext.project.forms import form_on_gpu, has_forms
from ovext.project.shapes import BROADCAST, CUSTOM, DATA_DEPENDENT, names_in
from ovext.scaffold.cpp import for_tensors, shape_code
from ovext.scaffold.derived import SIZES_FILE, derived_files
from ovext.scaffold.op_toml import op_toml
from ovext.scaffold.render import comment_lines, python_literal, render
from ovext.scaffold.sizes import template_context
from ovext.scaffold.wrap import wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ovext.project.attributes import Attribute
    from ovext.project.op import Input, OpDescription, Output

# Names that the generated C++ and OpenCL C use, so that a tensor must not have them there.
_LOCALS = {
    "T", "Type", "attributes", "b", "begin", "compute", "count", "element", "end", "f", "from", "i", "infer", "inputs",
    "kernel", "many",
    "op", "outputs", "parameters", "rows", "run", "scratch", "shape", "shapes", "size", "sizes", "steps", "to", "type",
    "x", "y",
    # words of OpenCL C
    "constant", "event_t", "global", "half", "image1d_t", "local", "private", "quad", "sampler_t", "uchar", "uint",
    "ulong", "ushort",
}  # fmt: skip
# Of an op with a formula, they are derived.
FORMULA_FILES = ("op.hpp", "op.cpp", "kernel.hpp", "kernel.cpp", "reference.py", "kernel.cl")
_CLASSES = {"Attributes", "Kernel", "Op", "Parameters", "Sizes"}
_NUMPY = {"boolean": "np.bool_", "f16": "np.float16", "f64": "np.float64", "f32": "np.float32", "bf16": "np.float32"}


def op_files(op: OpDescription, folder: str) -> dict[str, str]:
    """The texts of all files of a new op, by their names in ops/<folder>.

    Raises:
        UsageError: no kernel can be written for one of its element types, or a class cannot have its name.
    """
    if op.type in _CLASSES:
        raise UsageError(f"the generated C++ needs the name '{op.type}' itself", fix="Give the op another name.")
    context = _context(op, folder)
    names = ["op.hpp", "op.cpp", "kernel.hpp", "kernel.cpp", "reference.py"]
    own = {name: wrapped(render(f"op/{name}", **context)) for name in names}
    if op.gpu:
        own["kernel.cl"] = wrapped(render("op/kernel.cl", **_context(form_on_gpu(op), folder)))
    derived = derived_files(op, folder)
    if context["is_elementwise"]:
        derived.pop(SIZES_FILE, None)
    return {"op.toml": op_toml(op), **own, **derived}


def formula_files(op: OpDescription, folder: str) -> dict[str, str]:
    """The texts of the files that an op's formula determines, by their names; none without a formula."""
    if not op.elementwise:
        return {}
    context = _context(op, folder)
    return {name: wrapped(render(f"op/{name}", **context)) for name in FORMULA_FILES if name != "kernel.cl" or op.gpu}


def _context(op: OpDescription, folder: str) -> dict[str, Any]:
    elementwise = is_elementwise(op)
    names = {one.name for one in op.inputs} | {one.name for one in op.outputs}
    inputs = [
        {**_tensor("In", number, one.name, names), **_as_argument(op, one, number)}
        for number, one in enumerate(op.inputs)
    ]
    outputs = [_tensor("Out", number, one.name, names) for number, one in enumerate(op.outputs)]
    parameters = [_parameter(one) for one in op.attributes if not one.of.is_list and one.type not in {"string", "type"}]
    context = {
        "op": op,
        "folder": folder,
        "namespace": folder,
        "is_elementwise": elementwise,
        "tensors": {"inputs": inputs, "outputs": outputs},
        "free_inputs": [inputs[number] for number in _free_inputs(op)],
        "kernels": _kernels(op, elementwise=elementwise),
        "parameters": parameters,
        "has_strings": any("string" in row for row in op.computed_combinations()),
        "type_checks": list(_type_checks(op)),
        "input_counts": _input_counts(op),
        "uses_shapes": any("inputs" in line for line in shape_code(op)),
        "output_types": [_output_type(op, one) for one in op.outputs],
        "shape_code": shape_code(op),
        "comment": comment_lines,
        **template_context(op),
        "formula": _formula(op, inputs),
    }
    signature = _signature(context, elementwise=elementwise)
    return {
        **context,
        "signature": signature,
        "unused_signature": [f"[[maybe_unused]] {one}" for one in signature],
        "element_arguments": [
            *(f"T {one['cpp']}" for one in inputs),
            *(["[[maybe_unused]] const Parameters& parameters"] if parameters else []),
        ],
        **_reference(op),
        "shaped": {one.name: _shaped(op, one) for one in op.inputs},
    }


def _formula(op: OpDescription, inputs: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The formula in each language, in the words of the templates; empty without one."""
    if not op.elementwise:
        return {}
    attributes = [one.name for one in op.attributes]
    macros = {name: macro for macro, name in (op.gpu.defines if op.gpu else {}).items()}
    own = {one["name"]: one["cpp"] for one in inputs}
    return {
        "cpp": in_language(op, "cpp", {**own, **{name: f"T(parameters.{name})" for name in attributes}}),
        "numpy": _without_outer_parentheses(in_language(op, "numpy", {name: name for name in (*own, *attributes)})),
        "opencl": in_language(
            op,
            "opencl",
            {
                **{name: f"{cpp}_element" for name, cpp in own.items()},
                **{n: f"(float)({m})" for n, m in macros.items()},
            },
        )
        if op.gpu
        else "",
    }


def _without_outer_parentheses(text: str) -> str:
    """Python's formatters would remove them, and the file would then differ from what follows from op.toml."""
    depth = 0
    for at, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0 and at < len(text) - 1:
            return text
    return text[1:-1] if text.startswith("(") else text


def _tensor(kind: str, port: int, name: str, names: set[str]) -> dict[str, Any]:
    taken = name in _LOCALS or any(name == f"{other}_{end}" for other in names for end in ("step", "size", "memory"))
    cpp = f"{name}_tensor" if taken else name
    return {"port": port, "name": name, "cpp": cpp, "type_name": f"{kind}{port}Type"}


def _as_argument(op: OpDescription, tensor: Input, port: int) -> dict[str, Any]:
    """How op.cpp gives an input to the kernel, and how it finds out its type."""
    kind = f"get_input_element_type({port})", f"inputs[{port}].get_element_type()"
    data, size = f"inputs[{port}].data()", f"inputs[{port}].get_size()"
    if not tensor.counts[0]:
        usual = f"ov::element::{op.input_types()[tensor.name][0]}"
        kind = f"get_input_size() > {port} ? {kind[0]} : {usual}", f"inputs.size() > {port} ? {kind[1]} : {usual}"
        data, size = f"ovext::data_at(inputs, {port})", f"ovext::size_at(inputs, {port})"
    return {
        "axes": "bfyx" if tensor.align is None else "bfyx"[tensor.align :][: len(tensor.dims or ())],
        "optional": tensor.optional,
        "many": bool(tensor.many),
        "data": data,
        "arguments": f"ovext::ManyTensors(inputs, {port}).tensors()" if tensor.many else f"{data}, {size}",
        "type_of_op": kind[0],
        "type_of_tensor": kind[1],
    }


def _input_counts(op: OpDescription) -> str:
    """The arguments of check_input_count()."""
    counts = [one.counts for one in op.inputs]
    least = sum(low for low, _ in counts)
    if not has_forms(op):
        return str(least)
    most = [high for _, high in counts if high is not None]
    return f"{least}, {sum(most) if len(most) == len(counts) else 'std::numeric_limits<std::size_t>::max()'}"


def _free_inputs(op: OpDescription) -> list[int]:
    """The inputs whose types do not follow from other inputs."""
    return [number for number, one in enumerate(op.inputs) if not isinstance(one.types, str)]


def _kernels(op: OpDescription, *, elementwise: bool) -> list[dict[str, Any]]:
    """One kernel for each combination of the free inputs' element types: these types, and its template's arguments."""
    if without := sorted({one for all_types in op.combinations() for one in all_types} & PACKED):
        raise UsageError(
            f"no kernel can be written for tensors of type {', '.join(without)}",
            fix="ovext does not support them: leave them out. The CPU plugin makes u8 of u4, and i8 of i4.",
        )
    return [
        {
            "types": [all_types[number] for number in _free_inputs(op)],
            "cpp": ", ".join(f"ovext::{one}" for one in (all_types[:1] if elementwise else all_types)),
        }
        for all_types in op.computed_combinations()
    ]


def _parameter(attribute: Attribute) -> dict[str, str]:
    if attribute.type == "enum":
        return {"name": attribute.name, "cpp": "int", "value": f"static_cast<int>(m_attributes.{attribute.name})"}
    return {"name": attribute.name, "cpp": attribute.of.cpp, "value": f"m_attributes.{attribute.name}"}


def _signature(context: dict[str, Any], *, elementwise: bool) -> list[str]:
    inputs, outputs = context["tensors"]["inputs"], context["tensors"]["outputs"]
    parameters = ["const Parameters& parameters"] if context["parameters"] else []
    if elementwise:
        steps = len(inputs) > 1
        ins = [part for one in inputs for part in _pointer(one, "step" if steps else "")]
        return [*ins, f"void* {outputs[0]['cpp']}", "std::size_t count", *parameters]
    if context["has_sizes"]:
        pointers = [next(_pointer(one, "")) for one in inputs] + [f"void* {one['cpp']}" for one in outputs]
        return [*pointers, "const Sizes& sizes", "std::size_t begin", "std::size_t end", "void* scratch", *parameters]
    ins = [part for one in inputs for part in _pointer(one, "size")]
    outs = [part for one in outputs for part in (f"void* {one['cpp']}", f"std::size_t {one['cpp']}_size")]
    return [*ins, *outs, *parameters]


def _pointer(tensor: dict[str, Any], number: str) -> Iterator[str]:
    if tensor["many"]:
        yield f"const ovext::Tensors& {tensor['cpp']}"
        return
    yield f"const void* {tensor['cpp']}"
    if number:
        yield f"std::size_t {tensor['cpp']}_{number}"


def _type_checks(op: OpDescription) -> Iterator[str]:
    ports = {one.name: number for number, one in enumerate(op.inputs)}
    for number, one in enumerate(op.inputs):
        if isinstance(one.types, str):
            check = f'ovext::check_same_type(this, {{}}, "{one.name}", {ports[one.types]}, "{one.types}");'
        else:
            types = ", ".join(f"ov::element::{element}" for element in op.accepted_types(one))
            check = f'ovext::check_type(this, {{}}, "{one.name}", {{{{{types}}}}});'
        yield from for_tensors(one, number, "get_input_size()", check)
        if one.many and not isinstance(one.types, str):
            same = f'ovext::check_same_type(this, {{}}, "{one.name}", {number}, "{one.name}");'
            yield from for_tensors(one, number, "get_input_size()", same)


def _output_type(op: OpDescription, output: Output) -> str:
    name = output.type or op.first_input
    inputs = [one.name for one in op.inputs]
    return f"get_input_element_type({inputs.index(name)})" if name in inputs else f"ov::element::{name}"


def _reference(op: OpDescription) -> dict[str, Any]:
    arguments = [_parameter_of_reference(one) for one in op.inputs]
    if op.attributes:
        arguments.append("*")
    arguments += [_keyword(one) for one in op.attributes]
    count = len(op.outputs)
    result = "np.ndarray" if count == 1 else f"tuple[{', '.join(['np.ndarray'] * count)}]"
    return {
        "reference_arguments": arguments,
        "reference_result": result,
        "reference_doc": _one_line(op.doc or f"What {op.type} gives for these inputs; f16 and bf16 come as f32."),
        "reference_body": list(_reference_body(op)),
    }


def _parameter_of_reference(tensor: Input) -> str:
    if tensor.many:
        return f"{tensor.name}: list[np.ndarray]"
    return f"{tensor.name}: np.ndarray{' | None = None' if tensor.optional else ''}"


def _shaped(op: OpDescription, tensor: Input) -> str:
    """What the reference appends to an input so that numpy broadcasts it."""
    if tensor.align is None:
        return ""
    whole = [f"{one.name}.ndim" for one in op.inputs if one.align is None]
    rank = whole[0] if len(whole) == 1 else f"max({', '.join(whole)})"
    behind = tensor.align + len(tensor.dims or ())
    return f".reshape(*{tensor.name}.shape, *[1] * ({rank} - {behind}))"


def _one_line(text: str) -> str:
    return " ".join(text.replace("\\", "\\\\").replace('"', "'").split())


def _keyword(attribute: Attribute) -> str:
    kinds = {"bool": "bool", "int": "int", "float": "float", "string": "str"}
    kind = kinds[attribute.of.kind]
    kind = f"tuple[{kind}, ...]" if attribute.of.is_list else kind
    if attribute.default is None:
        return f"{attribute.name}: {kind}"
    value = attribute.typed(attribute.default)
    return f"{attribute.name}: {kind} = {python_literal(tuple(value) if isinstance(value, list) else value)}"


def _reference_body(op: OpDescription) -> Iterator[str]:
    formulas = [formula for one in op.outputs if isinstance(one.shape, list) for formula in one.shape]
    used = {name for formula in formulas if formula != REST for name in names_in(formula)}
    used |= {REST} & set(formulas)
    for tensor in op.inputs:
        if not tensor.counts[0]:
            continue
        names = [_variable(dim, used) for dim in tensor.dims or ()]
        if any(name not in {"_", "*_"} for name in names):
            yield f"{', '.join(names)}{',' if len(names) == 1 else ''} = {_array(tensor)}.shape"
        used -= {parse_dim(dim).name for dim in tensor.dims or ()} | ({REST} if REST in (tensor.dims or ()) else set())
    zeros = [_zeros(op, one) for one in op.outputs]
    yield f"return {', '.join(zeros)}"


def _zeros(op: OpDescription, output: Output) -> str:
    types = op.input_types().get(output.type or op.first_input, [output.type])
    if types == ["string"]:
        return f'np.full({_shape_text(op, output)}, "", object)'
    return f"np.zeros({_shape_text(op, output)}, {_dtype(op, output)})"


def _variable(dim: str, used: set[str]) -> str:
    pattern = parse_dim(dim)
    if pattern.is_rest:
        return "*rest" if REST in used else "*_"
    return pattern.name if pattern.name in used and not pattern.or_one else "_"


def _shape_text(op: OpDescription, output: Output) -> str:
    if isinstance(output.shape, list):
        sizes = ["*rest" if formula == REST else formula for formula in output.shape]
        return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
    if output.rule == BROADCAST:
        return f"np.broadcast_shapes({', '.join(map(_shapes_of, op.inputs))})"
    if output.rule in {CUSTOM, DATA_DEPENDENT} and output.rank is not None:
        return f"({1 if output.rule == CUSTOM else 0},) * {output.rank}"
    name = op.first_input if output.rule in {"", CUSTOM} else output.rule
    return f"{next(_array(one) for one in op.inputs if one.name == name)}.shape"


def _array(tensor: Input) -> str:
    """The input in the reference, or the first of its tensors."""
    return f"{tensor.name}[0]" if tensor.many else tensor.name


def _shapes_of(tensor: Input) -> str:
    if tensor.many:
        return f"*(one.shape for one in {tensor.name})"
    return f"*([] if {tensor.name} is None else [{tensor.name}.shape])" if tensor.optional else f"{tensor.name}.shape"


def _dtype(op: OpDescription, output: Output) -> str:
    name = output.type or op.first_input
    for one in op.inputs:
        if one.name == name:
            return f"{_array(one)}.dtype"
    return _NUMPY.get(name, f"np.{'uint' if name.startswith('u') else 'int'}{name[1:]}")
