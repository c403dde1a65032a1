"""Rules on how a layer's tensors are bound to the arguments of its kernel and to the ports of its op."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from ovext.gpu.layer import MAX_RANK
from ovext.gpu.place import error, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovext.gpu.layer import Layer, Tensor, Use
    from ovext.gpu.place import PlacedFinding


def check_bindings(layer: Layer, use: Use) -> Iterator[PlacedFinding]:
    for place in layer.data:
        fix = "Give the op an input for it, and the model a Constant there."
        yield error("data", place, "the plugin parses <Data> but compiles no layer that has one", fix)
    yield from _arguments(layer)
    yield from _inputs(layer, use)
    yield from _outputs(layer, use)
    yield from _formats(layer, use)
    yield from _pitches(layer)
    yield from _ranks(layer, use)


def _arguments(layer: Layer) -> Iterator[PlacedFinding]:
    last = {tensor.argument: tensor for tensor in layer.tensors}
    written = {tensor.port for tensor in last.values() if tensor.kind == "output"}
    for tensor in layer.tensors:
        if last[tensor.argument] is not tensor:
            is_lost = tensor.kind == "output" and tensor.port not in written
            text = f"a later tensor has the arg-index {tensor.argument} too: the kernel does not get this one"
            yield (error if is_lost else warning)("arg-duplicate", tensor.place, text, "Give each its own number.")


def _inputs(layer: Layer, use: Use) -> Iterator[PlacedFinding]:
    inputs = layer.bound("input")
    for tensor in inputs:
        if tensor.port >= use.inputs:
            text = f"port-index {tensor.port} is bound, but the op has {use.inputs} inputs; the model does not compile"
            yield error("port-range", tensor.place, text, "Count the op's inputs from 0 on.")
    for port in sorted(set(range(use.inputs)) - {tensor.port for tensor in inputs}):
        text = f"input {port} of the op is bound to no argument; the model does not compile"
        yield error("input-unbound", layer.place, text, "Bind it too.")
    first: dict[int, str] = {}
    for tensor in inputs:
        if first.setdefault(tensor.port, tensor.format) != tensor.format:
            text = f"input {tensor.port} is bound a second time, but always comes as {first[tensor.port]}"
            yield error("two-formats", tensor.place, text, "Use one format for one input.")


def _outputs(layer: Layer, use: Use) -> Iterator[PlacedFinding]:
    outputs = layer.bound("output")
    counts = Counter(tensor.port for tensor in outputs)
    for port in range(use.outputs):
        if counts[port] != 1:
            text = f"output {port} of the op is bound {counts[port]} times; the model does not compile"
            yield error("output-count", layer.place, text, "Bind each output once.")
    if use.outputs > 1:
        text = "an op with several outputs works on GPU only in models with dynamic shapes"
        fix = "Make one op for each output, or keep the model's shapes dynamic."
        yield warning("several-outputs", layer.place, text, fix)
    for tensor in outputs:
        if tensor.port >= use.inputs:
            # The plugin compares an output's number with the number of inputs.
            text = (
                f"port-index {tensor.port} of an output needs an op of more than {use.inputs} inputs; inference fails"
            )
            fix = "Number the outputs from 0 on; k outputs need at least k inputs."
            yield error("output-port", tensor.place, text, fix)
        if use.outputs > 1 and tensor.format != "BFYX":
            text = "an op with several outputs needs BFYX for each"
            yield error("output-format", tensor.place, text, 'Write format="BFYX".')


def _may_be_blocked(use: Use, tensor: Tensor) -> bool:
    """Whether a convolution may have made the tensor: its results have rank 4."""
    ranks = [len(sample.shape("input", tensor.port)) for sample in use.samples if tensor.port < len(sample.inputs)]
    return not use.is_known or MAX_RANK in ranks


def _formats(layer: Layer, use: Use) -> Iterator[PlacedFinding]:
    for tensor in layer.tensors:
        if tensor.format == "ANY" and tensor.kind == "output":
            text = "with ANY on an output the plugin swaps Y and X in its dimensions and work sizes"
            yield error("any-output", tensor.place, text, 'Write format="BFYX".')
        elif tensor.format == "ANY" and tensor.kind == "input":
            text = "with ANY the kernel gets whatever layout the neighbour has; blocked ones do not compile"
            yield warning("any-input", tensor.place, text, 'Write format="BYXF".')
        elif tensor.format == "BFYX" and tensor.kind == "input" and _may_be_blocked(use, tensor):
            text = (
                "in a network of many convolutions the plugin hands a BFYX input on in its blocked layout, "
                'and fails with "Unhandled format in pitch calculation"'
            )
            fix = f"Write BYXF, and let the kernel index by INPUT{tensor.port}_PITCHES."
            yield warning("blocked-input", tensor.place, text, fix)


def _pitches(layer: Layer) -> Iterator[PlacedFinding]:
    """Warn of a kernel that ignores the formats although they differ."""
    code = "".join(source.text or "" for source in layer.sources)
    tensors = [*layer.bound("input"), *layer.bound("output")]
    if len({tensor.format for tensor in tensors}) < 2 or not code:  # noqa: PLR2004
        return
    if re.search(r"##\s*_PITCHES", code):  # a macro makes the name
        return
    for tensor in tensors:
        macro = f"{tensor.kind.upper()}{tensor.port}_PITCHES"
        if tensor.format != "BFYX" and macro not in code:
            text = f"the kernel does not use {macro}, and this tensor is in memory as {tensor.format}"
            yield warning("pitches", tensor.place, text, f"Index it by {macro}, which fits every format.")


def _ranks(layer: Layer, use: Use) -> Iterator[PlacedFinding]:
    for sample in use.samples:
        for kind, shapes in (("input", sample.inputs), ("output", sample.outputs)):
            for port, shape in enumerate(shapes):
                if len(shape) > MAX_RANK:
                    text = f"{kind} {port} has rank {len(shape)} ({sample}): the plugin hands on four dimensions only"
                    yield error("rank", layer.place, text, "Reshape around the op to rank 4.")
