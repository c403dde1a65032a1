"""Compare one op on a GPU with its reference and with the CPU extension."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import openvino as ov

from ovext.worker.phases import REFERENCE, Phases
from ovext.worker.tasks.compare import by_rules, compared
from ovext.worker.tasks.cpu import infer
from ovext.worker.tasks.reference import expected_outputs
from ovext.worker.tasks.values import draw

# The plugin's name for a node that one of its custom layers computes.
_CUSTOM_NODE = "CustomGPUPrimitive"
DOES_NOT_COMPILE = "the kernel does not compile: `ovext gpu check` shows what compilers say of it"


def numbers(request: dict[str, Any]) -> dict[str, Any]:
    """The largest errors of a one-op model on the GPU device, compared with the reference and with the CPU.

    A model with dynamic dimensions runs with the shapes of each of the request's `runs`.

    Raises:
        RuntimeError: something other than the layer's kernel computed the op, or OpenVINO reports an error.
    """
    say = Phases(request)
    core = ov.Core()
    core.add_extension(request["library"])
    model = core.read_model(request["model"].encode(), b"")
    say("compiling for the CPU")
    compiled_for_cpu = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    compiled = _compiled(core, model, request, say)
    if not is_computed_by(compiled, request["entry"]):
        raise RuntimeError("something other than the layer's kernel computed the op")
    results: list[dict[str, Any]] = []
    for run in request["runs"]:
        inputs = draw({**request, **run}, run["shapes"])
        say(REFERENCE)
        expected = expected_outputs(request, inputs)
        say("computing on the CPU")
        on_cpu = infer(compiled_for_cpu, inputs, request)
        results += by_rules(run["shapes_of_outputs"], expected)
        for how in ("GPU", "GPU again")[: request["repeats"]]:
            say("inferring on the GPU")
            on_gpu = infer(compiled, inputs, request)
            results += compared(request, how, on_gpu, expected)
            results += compared(request, f"{how} against the CPU", on_gpu, on_cpu)
    return {"results": results}


def _compiled(core: ov.Core, model: ov.Model, request: dict[str, Any], say: Phases) -> ov.CompiledModel:
    """The model compiled for the GPU with the layer, whose files are in the request."""
    with tempfile.TemporaryDirectory(prefix="ovext-gpu-") as folder:
        for name, text in request["layer_files"].items():
            Path(folder, name).write_text(text, encoding="utf-8")
        say("reading the layer")
        core.set_property("GPU", {"CONFIG_FILE": str(Path(folder, request["layers"]))})
        say("compiling for the GPU")
        try:
            return core.compile_model(model, "GPU", request["config"])
        except RuntimeError as error:
            raise RuntimeError(DOES_NOT_COMPILE if "clBuildProgram" in str(error) else str(error)) from None


def is_computed_by(compiled: ov.CompiledModel, entry: str) -> bool:
    """Whether a custom layer with this kernel computes something in the model."""
    facts = [node.get_rt_info() for node in compiled.get_runtime_model().get_ops()]
    kernels = [one["primitiveType"].astype(str) for one in facts if one["layerType"].astype(str) == _CUSTOM_NODE]
    # The type may follow the name, and older releases, such as 2026.2.1, do not report the name.
    return any(name in {entry, "undef"} or name.startswith(f"{entry}__") for name in kernels)


def compile_only(request: dict[str, Any]) -> dict[str, Any]:
    """Compile a model for the GPU, with its layers."""
    core = ov.Core()
    core.set_property("GPU", {"CONFIG_FILE": request["layers"]})
    core.compile_model(core.read_model(request["model"].encode(), b""), "GPU")
    return {}


def devices(_: dict[str, Any]) -> dict[str, Any]:
    """The GPUs that OpenVINO sees, by name."""
    core = ov.Core()
    names = [name for name in core.available_devices if name.startswith("GPU")]
    return {"gpus": {name: core.get_property(name, "FULL_DEVICE_NAME") for name in names}}
