"""The GPU layer of an op, from the table [gpu] of its op.toml."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from ovext.errors import ProjectError
from ovext.gpu.elements import precisions_with
from ovext.gpu.layer import MAX_RANK, Define, Layer, Sample, Source, Tensor, Use, WorkSizes, plugin_text
from ovext.gpu.place import Place
from ovext.gpu.scratch import plugin_size
from ovext.project.dims import REST, parse_dim
from ovext.project.forms import form_on_gpu
from ovext.project.gpu_tables import GpuBuffer
from ovext.project.op import Case
from ovext.project.shapes import output_shapes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ovext.project.attributes import AttributeValue
    from ovext.project.dims import DimPattern
    from ovext.project.gpu_tables import Gpu
    from ovext.project.op import OpDescription
    from ovext.project.shapes import Shape

# An input arrives as BYXF because the plugin forgets to convert blocked layouts to BFYX; see docs/gpu.md.
_DEFAULT_FORMATS = {"input": "BYXF", "output": "BFYX"}
# The sizes for checking an op without test cases: no two are equal, so that swapped ones show.
_SIZES = (2, 3, 5, 7, 11, 13, 17, 19)


def layer_of(op: OpDescription) -> Layer | None:
    """The layer that an op describes, for models of form_on_gpu; None where it has no table [gpu]."""
    op = form_on_gpu(op) if op.gpu else op
    if op.gpu is None:
        return None

    def place(*keys: str | int) -> Place:
        return Place(op.folder / "op.toml", op.line_of("gpu", *keys))

    return Layer(
        op=op.type,
        entry=op.gpu.entry,
        sources=tuple(_source(op.folder / kernel, place("kernel")) for kernel in op.gpu.kernel),
        defines=tuple(
            Define(macro, attribute, _default(op, attribute), place("defines", macro), _list_type(op, attribute))
            for macro, attribute in op.gpu.defines.items()
        ),
        tensors=tuple(_tensors(op, op.gpu, place("buffers"))),
        options=op.gpu.options,
        options_place=place("options"),
        work_sizes=WorkSizes(",".join(op.gpu.work_sizes), ",".join(op.gpu.local_sizes), None, place("global")),
        place=place(),
        precision=op.gpu.precision,
    )


def _source(file: Path, place: Place) -> Source:
    return Source(file, file.read_text(encoding="utf-8", errors="replace") if file.is_file() else None, place)


def _tensors(op: OpDescription, gpu: Gpu, where: Place) -> list[Tensor]:
    names = [one.name for one in op.inputs] + [one.name for one in op.outputs]
    buffers = gpu.buffers or [GpuBuffer(tensor=name) for name in names]
    own = {one.name: number for number, one in enumerate(gpu.scratch)}
    unnamed = [name for name in own if name not in {buffer.tensor for buffer in buffers}]
    tensors: list[Tensor] = []
    for number, buffer in enumerate([*buffers, *(GpuBuffer(tensor=name) for name in unnamed)]):
        if (port := own.get(buffer.tensor)) is not None:
            place = Place(where.file, op.line_of("gpu", "scratch", port))
            tensors.append(Tensor(number, "internal", port, "BFYX", place, plugin_size(gpu.scratch[port].size)))
        else:
            kind, port = op.port_of(buffer.tensor)
            tensors.append(Tensor(number, kind, port, buffer.format or _DEFAULT_FORMATS[kind], where))
    return tensors


def _default(op: OpDescription, attribute: str) -> str:
    value = op.values({}).get(attribute)
    return "" if value is None else plugin_text(value)


def _list_type(op: OpDescription, attribute: str) -> str:
    of = next(one.of for one in op.attributes if one.name == attribute)
    return of.kind if of.is_list and of.kind in {"int", "float"} else ""


def cases_of(op: OpDescription) -> list[Case]:
    """The op's test cases; if it has none, one with made-up shapes, with a different size for each name.

    If the op's GPU kernel is for some ranks only, cases with other ranks are left out.
    """
    wanted = op.gpu.ranks if op.gpu else []
    first = op.inputs[0].name
    if cases := [case for case in op.test.cases if not wanted or len(case.shapes[first]) in wanted]:
        return cases
    dims = {tensor.name: (REST,) if tensor.dims is None else tensor.dims for tensor in op.inputs}
    patterns = {name: [parse_dim(dim) for dim in one] for name, one in dims.items()}
    names = dict.fromkeys(pattern.name for one in patterns.values() for pattern in one if pattern.name)
    sizes = dict(zip(names, itertools.cycle(_SIZES), strict=False))
    rank = min(min(tensor.ranks or [MAX_RANK]) for tensor in op.inputs)
    shapes = {name: _shape_of(one, sizes, rank) for name, one in patterns.items()}
    whole = next(shapes[one.name] for one in op.inputs if one.align is None)
    aligned = {one.name: whole[one.align :][: len(shapes[one.name])] for one in op.inputs if one.align is not None}
    return [Case(shapes={**shapes, **aligned})]


def _shape_of(patterns: Sequence[DimPattern], sizes: Mapping[str, int], rank: int) -> list[int]:
    shape: list[int] = []
    for pattern in patterns:
        if pattern.is_rest:
            shape += _SIZES[: max(0, rank - len(patterns) + 1)]
        else:
            shape.append(sizes[pattern.name] if pattern.size is None else pattern.size)
    return shape


def use_of(op: OpDescription) -> Use:
    """How models use the op, according to its op.toml.

    Raises:
        ProjectError: the op has no test cases, and made-up shapes do not fit it.
    """
    by_model = [op.types_for(element) for element in op.element_types]
    types = [frozenset(one[port] for one in by_model) for port in range(len(op.inputs) + len(op.outputs))]
    return Use(
        inputs=len(op.inputs),
        outputs=len(op.outputs),
        samples=tuple(sample_of(op, case.sizes(), case.attributes, case.outputs) for case in cases_of(op)),
        attributes=frozenset(one.name for one in op.attributes),
        unreadable=tuple(one.name for one in op.attributes if not one.of.on_gpu),
        input_types=tuple(types[: len(op.inputs)]),
        output_types=tuple(types[len(op.inputs) :]),
        precisions=precisions_with(op.gpu.precision if op.gpu else None),
    )


def sample_of(
    op: OpDescription,
    shapes: Mapping[str, Shape],
    attributes: Mapping[str, AttributeValue],
    given: Mapping[str, Sequence[int]],
) -> Sample:
    """The sample with these input shapes, the output shapes and all attributes. Raises the same errors as use_of.

    `given` has the shapes of outputs whose rule does not determine them.
    """
    values = op.all_values(attributes)
    try:
        outputs = output_shapes(op, shapes, values, given)
    except ValueError as error:
        fix = "Say in [[test.cases]] which shapes the op takes."
        raise ProjectError(f"{op.type} has no output for made-up shapes: {error}", fix=fix) from None
    inputs = tuple(shapes[tensor.name] for tensor in op.inputs)
    return Sample(inputs, tuple(outputs[tensor.name] for tensor in op.outputs), values)


def assumed_use(layer: Layer) -> Use:
    """The assumed use of a layer without an op.toml: as many tensors as it binds, all of one made-up shape."""
    inputs = max((tensor.port for tensor in layer.bound("input")), default=0) + 1
    outputs = max((tensor.port for tensor in layer.bound("output")), default=0) + 1
    shape = _SIZES[:MAX_RANK]
    return Use(inputs, outputs, (Sample((shape,) * inputs, (shape,) * outputs, {}),), is_known=False)
