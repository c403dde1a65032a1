"""Compare an op in one-op models with its reference, and report what it does with models that it must reject."""

from __future__ import annotations

import gc
import tempfile
import time
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import openvino as ov

from ovext.targets.plugin_types import in_cpu_plugin
from ovext.worker.faults import FAULT_FILE
from ovext.worker.phases import REFERENCE, Phases
from ovext.worker.tasks import emulated
from ovext.worker.tasks.again import again
from ovext.worker.tasks.alone import Alone, InputChangedError, NativeOp, fault_recorder
from ovext.worker.tasks.compare import by_rules, compared
from ovext.worker.tasks.reference import expected_outputs
from ovext.worker.tasks.values import array_of, draw, part_of_larger, tensor_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovext.worker.tasks.values import Array

# The types that the CPU plugin accepts with rows that are not contiguous.
_TYPES_OF_PARTS = {"f32", "f16", "bf16", "i32", "i8", "u8"}
CONFIG = {"INFERENCE_PRECISION_HINT": "f32"}


class Run(NamedTuple):
    """The inputs of a run of a model, and what the reference makes of them."""

    inputs: Sequence[Array]
    expected: Sequence[Array]


@dataclass(frozen=True)
class Waiting:
    """A case that has passed without the plugin."""

    request: dict[str, Any]
    runs: Sequence[Run]

    @property
    def model(self) -> str:
        text: str = self.request["runs"][0]["model"]
        return text


waiting: dict[str, list[Waiting]] = {}  # by the name of their group


@cache
def core_with(library: str) -> ov.Core:
    core = ov.Core()
    core.add_extension(library)
    return core


@lru_cache(maxsize=4)  # each compiled model has its own threads
def _compiled(library: str, model: str, *, parts: bool) -> ov.CompiledModel:
    """A compiled model receives either parts of tensors or whole ones.

    OpenVINO 2026.4.1 copies a part into the memory of the last whole tensor, which may be gone by then.
    """
    del parts
    return compile_for_cpu(library, model, CONFIG)


def compile_for_cpu(library: str, model: str, config: dict[str, Any]) -> ov.CompiledModel:
    return core_with(library).compile_model(read_model(library, model), "CPU", config)


@lru_cache(maxsize=4)  # it is read for its op, for its shapes, and to be compiled
def read_model(library: str, model: str) -> ov.Model:
    return core_with(library).read_model(model.encode(), b"")


def release(_: dict[str, Any]) -> dict[str, Any]:
    """Release every model and the core, which unloads the library."""
    _compiled.cache_clear()
    read_model.cache_clear()
    gc.collect()
    core_with.cache_clear()
    gc.collect()
    return {}


def numbers(request: dict[str, Any]) -> dict[str, Any]:
    """What is wrong with the op in its evaluate() alone, then in the CPU plugin, and how large the errors are.

    On an emulated CPU, there is evaluate() alone: the plugin's own code is for this machine's CPU. The request's
    `runs` are one or two sets of shapes; a model with dynamic dimensions runs with one after the other. A case with
    the name of a group in `waits` is inferred by the task "numbers-together".
    """
    say = Phases(request)
    if request["emulator"]:
        say("loading the library on the emulated CPU")
        emulated.load(request)  # before OpenVINO does
    results: list[dict[str, Any]] = []
    seconds = 0.0
    runs: list[Run] = []
    for run in request["runs"]:
        say(REFERENCE)
        inputs = draw({**request, **run}, run["shapes"])
        start = time.monotonic()
        expected = expected_outputs(request, inputs)
        seconds = max(seconds, time.monotonic() - start)
        if "shapes_of_outputs" in run:
            results += by_rules(run["shapes_of_outputs"], expected)
        results += _by_inference(read_model(request["library"], run["model"]), expected)
        if "string" not in {*request["input_types"], *request["output_types"]}:  # they are not bytes in guarded memory
            results += _called_alone(_alone({**request, **run}, say), inputs, expected)
        if not all(one["agrees"] for one in results):
            break
        runs.append(Run(inputs, expected))
        if request["emulator"] or request.get("waits"):
            continue
        say("compiling the model")
        try:
            compiled = _compiled(request["library"], run["model"], parts=bool(request.get("parts")))
        except RuntimeError as error:
            results.append(_not_compiled(request, error))
            break
        say("inferring")
        results += compared(request, "CPU", infer(compiled, inputs, request), expected)
    if request.get("waits") and all(one["agrees"] for one in results):
        waiting.setdefault(request["waits"], []).append(Waiting(request, runs))
    kept = sum(one.nbytes for run in runs for one in (*run.inputs, *run.expected))
    return {"results": results, "reference_seconds": seconds, "bytes": kept}


def _by_inference(model: ov.Model, expected: Sequence[Array]) -> list[dict[str, Any]]:
    """One result for each output whose shape, as the model's shape inference has it, excludes that of the reference."""
    inputs = ", ".join(str(one.partial_shape) for one in model.inputs)
    return [
        {
            "check": "shapes",
            "output": number,
            "problem": f"OpenVINO infers {output.partial_shape} for inputs of {inputs}, and the reference gives "
            f"{list(truth.shape)}",
            "agrees": False,
        }
        for number, (output, truth) in enumerate(zip(model.outputs, expected, strict=True))
        if not output.partial_shape.compatible(ov.PartialShape(list(truth.shape)))
    ]


def _not_compiled(request: dict[str, Any], error: RuntimeError) -> dict[str, Any]:
    """A result that says why the plugin does not compile the op."""
    made = {one: in_cpu_plugin(one) for one in request["input_types"] if in_cpu_plugin(one) != one}
    if not made:
        return {"check": "numbers", "problem": str(error), "agrees": False}
    types = ", ".join(f"{new} of {old}" for old, new in made.items())
    problem = f"OpenVINO's CPU plugin makes {types} before it runs an op, and the op does not take that: {error}"
    return {"check": "types", "problem": problem, "agrees": False}


def _called_alone(alone: Alone, inputs: Sequence[Array], expected: Sequence[Array]) -> list[dict[str, Any]]:
    try:
        results = alone.results(inputs, expected)
        is_right = all(one["agrees"] for one in results)
        return results + again(alone, inputs, expected) if is_right else results
    except InputChangedError as error:
        return [{"check": "inputs", "problem": f"evaluate() writes to {error}", "agrees": False}]


def _alone(request: dict[str, Any], say: Phases) -> Alone:
    model = read_model(request["library"], request["model"])
    op = emulated.op(request) if request["emulator"] else NativeOp(node_of(model, request["type"]))
    return Alone(op, request, say, fault_recorder(say.folder / FAULT_FILE))


def infer(compiled: ov.CompiledModel, inputs: Sequence[Array], request: dict[str, Any]) -> list[Array]:
    infer_request = compiled.create_infer_request()
    tensors, _larger = tensors_of(inputs, request)
    for number, tensor in enumerate(tensors):
        infer_request.set_input_tensor(number, tensor)
    infer_request.infer()
    return [array_of(tensor) for tensor in infer_request.output_tensors]


def tensors_of(inputs: Sequence[Array], request: dict[str, Any]) -> tuple[list[ov.Tensor], list[ov.Tensor]]:
    """The inputs as tensors, and the larger tensors that some are parts of, which these do not keep alive."""
    tensors, kept = [], []
    for values, element in zip(inputs, request["input_types"], strict=True):
        tensor = tensor_of(values, element)
        if request.get("parts") and values.size and element in _TYPES_OF_PARTS:
            tensor, larger = part_of_larger(tensor)
            kept.append(larger)
        tensors.append(tensor)
    return tensors, kept


def attributes(request: dict[str, Any]) -> dict[str, Any]:
    """The op's attributes as OpenVINO has them, after reading a model and after saving and reading it again."""
    Phases(request)("saving and reading the model")
    read = read_model(request["library"], request["model"])
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "model.xml"))
        ov.serialize(read, path)
        again = core_with(request["library"]).read_model(path)
        return {"read": attributes_of(read, request["type"]), "again": attributes_of(again, request["type"])}


def attributes_of(model: ov.Model, op_type: str) -> dict[str, Any]:
    return {name: _plain(value) for name, value in node_of(model, op_type).get_attributes().items()}


def node_of(model: ov.Model, op_type: str) -> ov.Node:
    """The model's first op of the type."""
    node = next((op for op in model.get_ops() if op.get_type_name() == op_type), None)
    if node is None:
        raise RuntimeError(f"the model has no {op_type}: something else was made of it")
    return node


def _plain(value: Any) -> Any:
    if isinstance(value, (bool, int, float, str)):
        return value
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else str(value)


def read(request: dict[str, Any]) -> dict[str, Any]:
    """Read a model that the op must accept."""
    Phases(request)("reading a model")
    try:
        read_model(request["library"], request["model"])
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
            read_model(request["library"], wrong["model"])
        except RuntimeError as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            said.append(next((line for line in reversed(lines) if not line.startswith("Exception from")), ""))
        else:
            said.append(None)
    return {"said": said}
