"""What contradicts itself in the tables [gpu] and [vpu] of an op.toml."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from ovext.project.dims import REST, parse_dim
from ovext.project.forms import form_on_gpu, has_forms
from ovext.project.problems import Problem, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovext.project.gpu_tables import Gpu, Vpu
    from ovext.project.op import Input, OpDescription

_MAX_RANK = 4  # of a tensor in a layer


def contradictions_of_layers(op: OpDescription) -> Iterator[Problem]:
    if not op.inputs and (op.gpu or op.vpu):
        yield ("gpu" if op.gpu else "vpu",), "ovext does not support no inputs there"
    elif op.gpu:
        yield from _inputs(op, op.gpu)
        yield from _files_and_ranks(op, op.gpu)
        yield from _names(op, op.gpu)
    if op.vpu:
        yield from _vpu(op, op.vpu)


def _inputs(op: OpDescription, gpu: Gpu) -> Iterator[Problem]:
    """A layer binds each input, so that it is for a fixed number of inputs."""
    if gpu.inputs is not None and not has_forms(op):
        yield ("gpu", "inputs"), "the op has no inputs that are optional or many"
        return
    try:
        form_on_gpu(op)
    except ValueError as error:
        yield ("gpu", "inputs") if gpu.inputs is not None else ("gpu",), str(error)


def _files_and_ranks(op: OpDescription, gpu: Gpu) -> Iterator[Problem]:
    for number, file in enumerate(gpu.kernel):
        if file in gpu.kernel[:number]:
            yield ("gpu", "kernel"), f"{file} is listed twice"
    if gpu.ranks and not _possible_ranks(op.inputs[0]) & set(gpu.ranks):
        yield ("gpu", "ranks"), f"'{op.inputs[0].name}' has none of these ranks"


def _possible_ranks(tensor: Input) -> set[int]:
    """The ranks that an input can have in a layer."""
    patterns = [parse_dim(text) for text in tensor.dims or (REST,)]
    fixed = sum(not pattern.is_rest for pattern in patterns)
    ranks = tensor.ranks or range(_MAX_RANK + 1)
    return {rank for rank in ranks if rank == fixed or (rank > fixed and len(patterns) > fixed)}


def _names(op: OpDescription, gpu: Gpu) -> Iterator[Problem]:
    tensors: list[str] = []
    with suppress(ValueError):  # the rule on inputs reports it
        tensors = [*(one.name for one in form_on_gpu(op).inputs), *(one.name for one in op.outputs)]
    scratch = [one.name for one in gpu.scratch]
    bound = [one.tensor for one in gpu.buffers]
    for number, name in enumerate(scratch):
        if name in [*tensors, *scratch[:number]]:
            yield ("gpu", "scratch", number), f"'{name}' is the name of something else; give it another `name`"
        if bound.count(name) > 1:
            yield ("gpu", "buffers"), f"the scratch buffer '{name}' is bound twice"
    known = [*tensors, *scratch]
    for number, name in enumerate(bound):
        if tensors and name not in known:
            yield ("gpu", "buffers", number), unknown(name, "input, output or scratch buffer", known)
    attributes = [one.name for one in op.attributes]
    for macro, name in gpu.defines.items():
        if name not in attributes:
            yield ("gpu", "defines", macro), unknown(name, "attribute", attributes)


def _vpu(op: OpDescription, vpu: Vpu) -> Iterator[Problem]:
    if has_forms(op):
        yield ("vpu",), "ovext does not support inputs that are optional or many there"
    tensors = [*(one.name for one in op.inputs), *(one.name for one in op.outputs)]
    for argument, bound in vpu.arguments.items():
        if bound.tensor not in tensors:
            yield ("vpu", "arguments", argument), unknown(bound.tensor, "input or output", tensors)
