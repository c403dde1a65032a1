"""Compare the latency of one-op models with that of other models and functions."""

from __future__ import annotations

import math
import os
import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import openvino as ov

from ovext.models.ir import TensorType, one_op_model
from ovext.worker.author_code import module_of
from ovext.worker.tasks.values import array_of, draw, tensor_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ovext.worker.tasks.values import Array

_CONFIG = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
_SECONDS_PER_ROUND = 0.05
_LONG = 0.3  # seconds: a first run is as good as another
_CLOSE = 1e-2  # of the largest value: a baseline may be less exact


@dataclass(frozen=True)
class _Timed:
    """What is measured, and what it computed last."""

    run: Callable[[], Any]
    outputs: Callable[[], Sequence[Array]]


def run(request: dict[str, Any]) -> dict[str, Any]:
    """For each case, the median latency of each entry in each round, in seconds.

    All models of a case read and write the same buffers, because a buffer's address makes a difference of several per
    cent. Entries take turns, in another order each round, so that a change in the machine's speed affects all of them.
    In a round each entry runs for about the same time, and what is short at least three times.
    """
    with tempfile.TemporaryDirectory(prefix="ovext-bench-") as folder:
        cores = _Cores(Path(folder))
        return {"cases": [_measure_case({**case, "rounds": request["rounds"]}, cores) for case in request["cases"]]}


class _Cores:
    """One ov::Core for each library and forced instruction set.

    A loaded file cannot choose its instruction set again, so each core loads its own copy of the file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cores: dict[tuple[str | None, str | None], ov.Core] = {}

    def get(self, library: str | None, isa: str | None) -> ov.Core:
        key = (library, isa)
        if key not in self._cores:
            core = ov.Core()
            if library is not None:
                copy = self._folder / f"{len(self._cores)}-{Path(library).name}"
                shutil.copyfile(library, copy)
                os.environ["OVEXT_ISA"] = isa or ""
                core.add_extension(str(copy))
            self._cores[key] = core
        return self._cores[key]


def _measure_case(case: dict[str, Any], cores: _Cores) -> dict[str, Any]:
    inputs = draw(case, case["shapes"])
    tensors = [tensor_of(values, element) for values, element in zip(inputs, case["input_types"], strict=True)]
    buffers = _Buffers(tensors)
    failed: dict[str, str] = {}
    timed: dict[str, _Timed] = {}
    for entry in reversed(case["entries"]):  # the op comes last, and its outputs are those of all
        try:
            made = _timed_entry(entry, case, cores, inputs, buffers)
            made.run()
            timed[entry["label"]] = made
        except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a baseline raises
            failed[entry["label"]] = " ".join(str(error).split()) or type(error).__name__
    timed = {entry["label"]: timed[entry["label"]] for entry in case["entries"] if entry["label"] in timed}
    differs = _differences(case, timed)
    count = case["bytes"] or sum(one.byte_size for one in (*tensors, *buffers.outputs))
    roofs = case["roofs"]
    timed[roofs["copy"]] = _roof(roofs["library"], "RoofCopy", [TensorType("u8", (max(count // 2, 1),))], cores)
    answer = {"bytes": count, "flops": case["flops"], "failed": failed, "differs": differs}
    if roofs["peak"]:
        timed[roofs["peak"]] = _roof(roofs["library"], "RoofPeak", [TensorType("f32", (1,))], cores)
        timed[roofs["peak"]].run()
        answer["flops_of_peak"] = float(timed[roofs["peak"]].outputs()[0][0])
    return {**answer, "rounds": _rounds(timed, case["rounds"])}


def _rounds(timed: dict[str, _Timed], count: int) -> dict[str, list[float]]:
    labels = list(timed)
    medians: dict[str, list[float]] = {label: [] for label in labels}
    for number in range(count):
        first = number % len(labels)
        for label in labels[first:] + labels[:first]:
            medians[label].append(statistics.median(_one_round(timed[label].run)))
    return medians


class _Buffers:
    """The inputs of a case, and outputs for the models that have the same."""

    def __init__(self, inputs: Sequence[ov.Tensor]) -> None:
        self.inputs = inputs
        self.outputs: list[ov.Tensor] = []

    def give(self, model: ov.CompiledModel) -> ov.InferRequest:
        """A request that uses the buffers. Outputs whose shapes only the op knows have their own."""
        request = model.create_infer_request()
        for index, tensor in enumerate(self.inputs):
            request.set_input_tensor(index, tensor)
        if any(one.partial_shape.is_dynamic for one in model.outputs):
            return request
        wanted = [(one.element_type, one.shape) for one in model.outputs]
        if not self.outputs:
            self.outputs = [ov.Tensor(*one) for one in wanted]
        if wanted == [(one.element_type, one.shape) for one in self.outputs]:
            for index, tensor in enumerate(self.outputs):
                request.set_output_tensor(index, tensor)
        return request


def _timed_entry(
    entry: dict[str, Any], case: dict[str, Any], cores: _Cores, inputs: Sequence[Array], buffers: _Buffers
) -> _Timed:
    if entry.get("is_call"):
        return _call(_function_of(entry), case, inputs)
    core = cores.get(entry["library"], entry["isa"])
    if "text" in entry:
        model = core.read_model(entry["text"].encode(), b"")
    elif entry["function"]:
        model = _made(_function_of(entry), case)
    else:
        model = core.read_model(entry["file"])
    return _of_request(buffers.give(core.compile_model(model, "CPU", _CONFIG)))


def _of_request(request: ov.InferRequest) -> _Timed:
    return _Timed(
        lambda: request.infer(share_outputs=True),  # without copies for Python
        lambda: [array_of(one) for one in request.output_tensors],
    )


def _call(function: Callable[..., Any], case: dict[str, Any], inputs: Sequence[Array]) -> _Timed:
    """What the author's function returns for the inputs: a function without arguments."""
    called = function(*(one.copy() for one in inputs), **case["attributes"])
    if not callable(called):
        raise TypeError(f"{function.__name__}() must return the function to measure, not {type(called).__name__}")

    def outputs() -> list[Array]:
        result = called()
        return [np.asarray(one) for one in (result if isinstance(result, (list, tuple)) else [result])]

    return _Timed(called, outputs)


def _made(function: Callable[..., Any], case: dict[str, Any]) -> ov.Model:
    """The model that the author's function returns, or one of the outputs that it returns."""
    pairs = zip(case["input_types"], case["shapes"], strict=True)
    parameters = [ov.opset13.parameter(list(shape), getattr(ov.Type, element)) for element, shape in pairs]
    made = function(*parameters, **case["attributes"])
    if isinstance(made, ov.Model):
        return made
    return ov.Model(list(made) if isinstance(made, (list, tuple)) else [made], parameters)


def _function_of(entry: dict[str, Any]) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(module_of(Path(entry["file"])), entry["function"])
    return function


def _roof(library: str, op: str, inputs: Sequence[TensorType], cores: _Cores) -> _Timed:
    core = cores.get(library, None)
    model = core.read_model(one_op_model(op, "ovext_roofs", inputs).encode(), b"")
    request = core.compile_model(model, "CPU", _CONFIG).create_infer_request()
    for number, one in enumerate(request.model_inputs):
        tensor = ov.Tensor(one.element_type, one.shape)
        tensor.data[...] = 1  # the pages of memory that is only read would all be the same one
        request.set_input_tensor(number, tensor)
    for number, one in enumerate(request.model_outputs):
        request.set_output_tensor(number, ov.Tensor(one.element_type, one.shape))
    return _of_request(request)


def _differences(case: dict[str, Any], timed: dict[str, _Timed]) -> dict[str, str]:
    """How models and functions of the author differ from the op, by their names."""
    others = [one["label"] for one in case["entries"] if one.get("same") and one["label"] in timed]
    op = timed.get(case["entries"][-1]["label"])
    if op is None or not others:
        return {}
    op.run()
    wanted = [one.astype(np.float64) for one in op.outputs()]
    found = {}
    for label in others:
        timed[label].run()
        if why := _difference(timed[label].outputs(), wanted):
            found[label] = why
    return found


def _difference(got: Sequence[Array], wanted: Sequence[Array]) -> str:
    if [one.shape for one in got] != [one.shape for one in wanted]:
        return f"outputs of shape {[list(one.shape) for one in got]}, not {[list(one.shape) for one in wanted]}"
    for number, (one, other) in enumerate(zip(got, wanted, strict=True)):
        wide = one.astype(np.float64)
        with np.errstate(invalid="ignore"):
            off = np.where((wide == other) | (np.isnan(wide) & np.isnan(other)), 0, np.abs(wide - other)).max(initial=0)
        if not off <= _CLOSE * np.abs(other).max(initial=1):
            return f"output {number} is off by {off:.3g}"
    return ""


def _one_round(run: Callable[[], Any]) -> list[float]:
    first = _timed_run(run)
    if first > _LONG:
        return [first]
    count = min(200, max(3, math.ceil(_SECONDS_PER_ROUND / _timed_run(run))))
    return [_timed_run(run) for _ in range(count)]


def _timed_run(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
