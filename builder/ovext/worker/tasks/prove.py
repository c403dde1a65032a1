"""An op in one-op models against its reference, and what it does with what it must refuse."""

from __future__ import annotations

import gc
import math
import tempfile
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import openvino as ov

from ovext.worker.tasks.reference import Phases, call_reference, compare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovext.worker.tasks.reference import Array

# Those that the CPU plugin takes with rows that do not follow one another.
_TYPES_OF_PARTS = {"f32", "f16", "bf16", "i32", "i8", "u8"}
_CONFIG = {"INFERENCE_PRECISION_HINT": "f32"}


@cache
def _core(library: str) -> ov.Core:
    core = ov.Core()
    core.add_extension(library)
    return core


@lru_cache(maxsize=4)  # each compiled model has threads of its own
def _compiled(library: str, model: str, *, parts: bool) -> ov.CompiledModel:
    """A compiled model is given either parts of tensors or whole ones.

    OpenVINO 2026.4.1 copies a part into the memory of the last whole tensor, which may be gone by then.
    """
    del parts
    return _core(library).compile_model(_read(library, model), "CPU", _CONFIG)


def _read(library: str, model: str) -> ov.Model:
    return _core(library).read_model(model.encode(), b"")


def release(_: dict[str, Any]) -> dict[str, Any]:
    """Let go of every model and of the core, which unloads the library."""
    _compiled.cache_clear()
    gc.collect()
    _core.cache_clear()
    gc.collect()
    return {}


def numbers(request: dict[str, Any]) -> dict[str, Any]:
    """The largest errors of the op, through the CPU plugin and by its evaluate() alone.

    The request's `runs` are one or two sets of shapes; a model with dynamic dimensions is given them one after another.
    """
    say = Phases(request)
    results: list[dict[str, Any]] = []
    for run in request["runs"]:
        inputs = draw(request, run["shapes"])
        say("computing the reference")
        expected = [np.asarray(one) for one in call_reference(request, inputs)]
        if len(expected) != len(request["output_types"]):
            raise RuntimeError(f"the reference gives {len(expected)} outputs, not {len(request['output_types'])}")
        if "shapes_of_outputs" in run:
            results += _ruled(run["shapes_of_outputs"], expected)
        say("compiling the model")
        compiled = _compiled(request["library"], run["model"], parts=bool(request.get("parts")))
        say("inferring")
        results += _compared(request, "CPU", infer(compiled, inputs, request), expected)
        say("evaluating the op alone")
        results += _compared(request, "evaluate()", evaluate(request, run["model"], inputs), expected)
    return {"results": results}


def draw(request: dict[str, Any], shapes: Sequence[Sequence[int]]) -> list[Array]:
    """Values of the style that the request asks for, the same for the same seed.

    bf16, which numpy has not, comes as f32 with the values that bf16 has.
    """
    generator = np.random.default_rng(request["seed"])
    drawn = []
    for number, shape in enumerate(shapes):
        element = request["input_types"][number]
        values = _styled(generator, element, request["ranges"][number], request, tuple(shape))
        drawn.append(_rounded(values, element))
    return drawn


def _styled(
    generator: np.random.Generator,
    element: str,
    limits: tuple[float, float],
    request: dict[str, Any],
    shape: tuple[int, ...],
) -> Array:
    low, high = limits
    if element == "boolean":
        return np.zeros(shape, bool) if request["values"] == "zeros" else generator.integers(0, 2, shape).astype(bool)
    if element not in {"f16", "bf16", "f32", "f64"}:
        return _whole(generator, element, limits, request["values"], shape)
    if request["values"] == "zeros":
        return np.full(shape, min(max(0.0, low), high))
    if request["values"] == "extremes":
        return np.asarray(generator.choice([low, high], shape))
    values = np.asarray(generator.uniform(low, high, shape))
    if request["values"] == "specials":
        words = {"nan": [np.nan], "inf": [np.inf, -np.inf]}
        special = [one for word in request["specials"] for one in words[word]]
        values = np.where(generator.random(shape) < 1 / 4, generator.choice([*special, 0.0, -0.0], shape), values)
    return values


def _whole(
    generator: np.random.Generator, element: str, limits: tuple[float, float], style: str, shape: tuple[int, ...]
) -> Array:
    info = np.iinfo(_numpy(element))
    low = min(max(math.ceil(limits[0]), int(info.min)), int(info.max))
    high = max(min(math.floor(limits[1]), int(info.max)), low)
    if style == "zeros":
        return np.full(shape, min(max(0, low), high), info.dtype)
    if style == "extremes":
        return np.asarray(generator.choice(np.array([low, high], info.dtype), shape))
    return np.asarray(generator.integers(low, high, shape, info.dtype, endpoint=True))


def _numpy(element: str) -> np.dtype[Any]:
    kind: np.dtype[Any] = np.dtype(np.float32) if element == "bf16" else getattr(ov.Type, element).to_dtype()
    return kind


def _rounded(values: Array, element: str) -> Array:
    values = np.asarray(values).astype(_numpy(element))
    if element != "bf16":
        return values
    return _from_bits(_bits(values))


def _bits(values: Array) -> Array:
    """bf16, rounded to the nearest, as its bits."""
    wide = np.ascontiguousarray(values, np.float32).view(np.uint32)
    rounded = ((wide + 0x7FFF + ((wide >> 16) & 1)) >> 16).astype(np.uint16)
    nan = ((wide >> 16) | 0x40).astype(np.uint16)
    return np.where(np.isnan(values), nan, rounded).reshape(np.shape(values))


def _from_bits(bits: Array) -> Array:
    return (np.asarray(bits, np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(np.shape(bits))


def tensor_of(values: Array, element: str) -> ov.Tensor:
    if element == "bf16":
        tensor = ov.Tensor(ov.Type.bf16, list(values.shape))
        tensor.data.view(np.uint16)[...] = _bits(values)
        return tensor
    return ov.Tensor(np.array(values, order="C"))


def array_of(tensor: ov.Tensor) -> Array:
    """A copy of a tensor's values; bf16 comes as f32."""
    if tensor.element_type == ov.Type.bf16:
        return _from_bits(np.array(tensor.data).view(np.uint16).reshape(tensor.shape))
    return np.array(tensor.data).reshape(tensor.shape)


def part_of_larger(tensor: ov.Tensor) -> tuple[ov.Tensor, ov.Tensor]:
    """The same values as a part of a larger tensor, in whose memory rows do not follow one another; and that tensor."""
    shape = list(tensor.shape)
    larger = ov.Tensor(tensor.element_type, [size + 2 for size in shape])
    part = ov.Tensor(larger, [1] * len(shape), [size + 1 for size in shape])
    tensor.copy_to(part)
    return part, larger


def infer(compiled: ov.CompiledModel, inputs: Sequence[Array], request: dict[str, Any]) -> list[Array]:
    infer_request = compiled.create_infer_request()
    kept = []  # a part does not keep the tensor that it is in
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
        raise RuntimeError("evaluate() gives false: the op cannot compute these types")
    return [array_of(tensor) for tensor in outputs]


def _compared(
    request: dict[str, Any], how: str, actual: Sequence[Array], expected: Sequence[Array]
) -> list[dict[str, Any]]:
    """One result for each output, whose reference is rounded to its type: what is too large for it is infinite."""
    results = []
    for number, (got, wanted) in enumerate(zip(actual, expected, strict=True)):
        element = request["output_types"][number]
        with np.errstate(over="ignore"):
            rounded = _rounded(wanted, element) if element in {"f16", "bf16", "f32"} else wanted
        results.append({"how": how, "output": number, **compare(got, rounded, request["tolerances"][number])})
    return results


def _ruled(shapes: Sequence[Sequence[int]], expected: Sequence[Array]) -> list[dict[str, Any]]:
    """Where the reference has another shape than op.toml tells, one result for each."""
    return [
        {
            "how": "the rule in op.toml",
            "output": number,
            "shape": f"{list(wanted.shape)} by the reference, and {list(shape)} by the rule",
            "agrees": False,
        }
        for number, (shape, wanted) in enumerate(zip(shapes, expected, strict=True))
        if list(wanted.shape) != list(shape)
    ]


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
    """Read a model that the op must take."""
    Phases(request)("reading a model")
    try:
        _read(request["library"], request["model"])
    except RuntimeError as error:
        raise RuntimeError(f"OpenVINO refuses a model that follows op.toml: {error}") from None
    return {}


def refusals(request: dict[str, Any]) -> dict[str, Any]:
    """For each model what OpenVINO says of it; nothing where it takes it."""
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
    """Several requests of one compiled model at once, each with inputs of its own."""
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
        expected = [np.asarray(one) for one in call_reference(request, inputs)]
        results += _compared(request, "at once", [array_of(one) for one in infer_request.output_tensors], expected)
    return {"results": results}
