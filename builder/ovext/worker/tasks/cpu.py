"""Compare an op in one-op models with its reference, and report what it does with models that it must reject."""

from __future__ import annotations

import gc
import tempfile
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openvino as ov

from ovext.worker.phases import Phases
from ovext.worker.tasks.compare import by_rules, compared
from ovext.worker.tasks.reference import expected_outputs
from ovext.worker.tasks.values import array_of, draw, part_of_larger, tensor_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovext.worker.tasks.values import Array

# The types that the CPU plugin accepts with rows that are not contiguous.
_TYPES_OF_PARTS = {"f32", "f16", "bf16", "i32", "i8", "u8"}
_CONFIG = {"INFERENCE_PRECISION_HINT": "f32"}


@cache
def _core(library: str) -> ov.Core:
    core = ov.Core()
    core.add_extension(library)
    return core


@lru_cache(maxsize=4)  # each compiled model has its own threads
def _compiled(library: str, model: str, *, parts: bool) -> ov.CompiledModel:
    """A compiled model receives either parts of tensors or whole ones.

    OpenVINO 2026.4.1 copies a part into the memory of the last whole tensor, which may be gone by then.
    """
    del parts
    return _core(library).compile_model(_read(library, model), "CPU", _CONFIG)


def _read(library: str, model: str) -> ov.Model:
    return _core(library).read_model(model.encode(), b"")


def release(_: dict[str, Any]) -> dict[str, Any]:
    """Release every model and the core, which unloads the library."""
    _compiled.cache_clear()
    gc.collect()
    _core.cache_clear()
    gc.collect()
    return {}


def numbers(request: dict[str, Any]) -> dict[str, Any]:
    """The largest errors of the op, in the CPU plugin and in its evaluate() alone.

    The request's `runs` are one or two sets of shapes; a model with dynamic dimensions runs with one after the other.
    """
    say = Phases(request)
    results: list[dict[str, Any]] = []
    for run in request["runs"]:
        inputs = draw(request, run["shapes"])
        say("computing the reference")
        expected = expected_outputs(request, inputs)
        if "shapes_of_outputs" in run:
            results += by_rules(run["shapes_of_outputs"], expected)
        say("compiling the model")
        compiled = _compiled(request["library"], run["model"], parts=bool(request.get("parts")))
        say("inferring")
        results += compared(request, "CPU", infer(compiled, inputs, request), expected)
        say("evaluating the op alone")
        results += compared(request, "evaluate()", evaluate(request, run["model"], inputs), expected)
    return {"results": results}


def infer(compiled: ov.CompiledModel, inputs: Sequence[Array], request: dict[str, Any]) -> list[Array]:
    infer_request = compiled.create_infer_request()
    kept = []  # a part does not keep its larger tensor alive
    for number, values in enumerate(inputs):
        tensor = tensor_of(values, request["input_types"][number])
        if request.get("parts") and values.size and request["input_types"][number] in _TYPES_OF_PARTS:
            tensor, larger = part_of_larger(tensor)
            kept.append(larger)
        infer_request.set_input_tensor(number, tensor)
    infer_request.infer()
    return [array_of(tensor) for tensor in infer_request.output_tensors]


def evaluate(request: dict[str, Any], model: str, inputs: Sequence[Array]) -> list[Array]:
    read = _read(request["library"], model)
    outputs = [ov.Tensor(getattr(ov.Type, element), [0]) for element in request["output_types"]]
    tensors = [tensor_of(values, request["input_types"][number]) for number, values in enumerate(inputs)]
    if not read.evaluate(outputs, tensors):
        raise RuntimeError("evaluate() returns false: the op cannot compute these types")
    return [array_of(tensor) for tensor in outputs]


def attributes(request: dict[str, Any]) -> dict[str, Any]:
    """The op's attributes as OpenVINO has them, after reading a model and after saving and reading it again."""
    Phases(request)("saving and reading the model")
    read = _read(request["library"], request["model"])
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "model.xml"))
        ov.serialize(read, path)
        again = _core(request["library"]).read_model(path)
        return {"read": _attributes(read, request["type"]), "again": _attributes(again, request["type"])}


def _attributes(model: ov.Model, op_type: str) -> dict[str, Any]:
    op = next(op for op in model.get_ops() if op.get_type_name() == op_type)
    return {name: _plain(value) for name, value in op.get_attributes().items()}


def _plain(value: Any) -> Any:
    if isinstance(value, (bool, int, float, str)):
        return value
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else str(value)


def read(request: dict[str, Any]) -> dict[str, Any]:
    """Read a model that the op must accept."""
    Phases(request)("reading a model")
    try:
        _read(request["library"], request["model"])
    except RuntimeError as error:
        raise RuntimeError(f"OpenVINO refuses a model that follows op.toml: {error}") from None
    return {}


def refusals(request: dict[str, Any]) -> dict[str, Any]:
    """OpenVINO's message about each model; None if it accepts the model."""
    say = Phases(request)
    said: list[str | None] = []
    for wrong in request["models"]:
        say(f"reading a model with {wrong['what']}")
        try:
            _read(request["library"], wrong["model"])
        except RuntimeError as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            said.append(next((line for line in reversed(lines) if not line.startswith("Exception from")), ""))
        else:
            said.append(None)
    return {"said": said}


def concurrency(request: dict[str, Any]) -> dict[str, Any]:
    """Run several requests of one compiled model at once, each with its own inputs."""
    say = Phases(request)
    config = {**_CONFIG, "PERFORMANCE_HINT": "THROUGHPUT"}
    compiled = _core(request["library"]).compile_model(_read(request["library"], request["model"]), "CPU", config)
    drawn = [draw({**request, "seed": seed}, request["shapes"]) for seed in range(request["requests"])]
    say("inferring several requests at once")
    started = []
    for inputs in drawn:
        infer_request = compiled.create_infer_request()
        for number, values in enumerate(inputs):
            infer_request.set_input_tensor(number, tensor_of(values, request["input_types"][number]))
        started.append(infer_request)
    for infer_request in started:
        infer_request.start_async()
    results: list[dict[str, Any]] = []
    for infer_request, inputs in zip(started, drawn, strict=True):
        infer_request.wait()
        expected = expected_outputs(request, inputs)
        results += compared(request, "at once", [array_of(one) for one in infer_request.output_tensors], expected)
    return {"results": results}
