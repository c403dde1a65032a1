"""One op on a GPU against its reference and against the CPU extension."""

from __future__ import annotations

from typing import Any

import openvino as ov

from ovext.worker.tasks.reference import Phases, compare, draw_inputs, expected_output

# What the plugin calls a node that one of its custom layers computes.
_CUSTOM_NODE = "CustomGPUPrimitive"


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Infer a one-op model on the CPU and on the GPU device, and compare both with the reference in numpy."""
    say = Phases(request)
    inputs = draw_inputs(request)
    say("computing the reference")
    expected = expected_output(request, inputs)
    core = ov.Core()
    core.add_extension(request["library"])
    model = core.read_model(request["model"].encode(), b"")
    say("computing on the CPU")
    on_cpu = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(inputs)[0]
    if list(on_cpu.shape) != request["output_shape"]:
        shapes = f"{request['output_shape']}, and the op gives {list(on_cpu.shape)}"
        raise RuntimeError(f"by op.toml the output's shape is {shapes}")
    say("reading the layer")
    core.set_property("GPU", {"CONFIG_FILE": request["layers"]})
    device = core.get_property("GPU", "FULL_DEVICE_NAME")
    say("compiling for the GPU")
    compiled = core.compile_model(model, "GPU", request["config"])
    computed_by_layer = is_computed_by(compiled, request["entry"])
    say("inferring on the GPU")
    on_gpu = compiled(inputs)[0]
    return {
        "device": device,
        "by_layer": computed_by_layer,
        "from_cache": bool(compiled.get_property("LOADED_FROM_CACHE")),
        "reference": compare(on_gpu, expected, request["tolerance"]),
        "cpu": compare(on_gpu, on_cpu, request["tolerance"]),
    }


def is_computed_by(compiled: ov.CompiledModel, entry: str) -> bool:
    """Whether a custom layer with this kernel computes something in the model."""
    facts = [node.get_rt_info() for node in compiled.get_runtime_model().get_ops()]
    kernels = [one["primitiveType"].astype(str) for one in facts if one["layerType"].astype(str) == _CUSTOM_NODE]
    # The type may stand behind the name, and older releases, such as 2026.2.1, do not tell the name.
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
