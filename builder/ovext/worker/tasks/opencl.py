"""Kernels without OpenVINO: compiled by every OpenCL runtime here, and run on one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyopencl as cl

from ovext.worker.phases import REFERENCE, Phases
from ovext.worker.tasks.compare import by_rules, compared
from ovext.worker.tasks.gpu import DOES_NOT_COMPILE
from ovext.worker.tasks.reference import expected_outputs
from ovext.worker.tasks.values import draw, numpy_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovext.worker.tasks.values import Array


def devices(_: dict[str, Any]) -> dict[str, Any]:
    """The names of the OpenCL devices."""
    return {"devices": [_name(device) for platform in _platforms() for device in platform.get_devices()]}


def build(request: dict[str, Any]) -> dict[str, Any]:
    """What each runtime's compiler says about each program. Without half precision it gets no programs that need it."""
    built = []
    for platform in _platforms():
        device = platform.get_devices()[0]
        logs = [_build_log(device, program) for program in request["programs"] if _can(device, program["types"])]
        built.append({"name": platform.name.strip(), "logs": logs})
    return {"runtimes": built}


def numbers(request: dict[str, Any]) -> dict[str, Any]:
    """The largest errors of a kernel, run on the requested device."""
    say = Phases(request)
    every = [device for platform in _platforms() for device in platform.get_devices()]
    device = next((one for one in every if _name(one) == request["runtime"]), None)
    if device is None:
        raise RuntimeError(f"there is no OpenCL device '{request['runtime']}'")
    if not _can(device, [*request["input_types"], *request["output_types"]]):
        return {"skipped": f"{device.name.strip()} does not support half precision"}
    inputs = draw(request, request["shapes"])
    say(REFERENCE)
    expected = expected_outputs(request, inputs)
    results = by_rules(request["shapes_of_outputs"], expected)
    return {"results": results + compared(request, request["device"], _run(device, request, inputs, say), expected)}


def _run(device: cl.Device, request: dict[str, Any], inputs: Sequence[Array], say: Phases) -> list[Array]:
    """What the kernel writes into each output."""
    say("compiling the kernel")
    context = cl.Context([device])
    queue = cl.CommandQueue(context)
    try:
        program = cl.Program(context, request["program"]).build(request["options"])
    except cl.RuntimeError:
        raise RuntimeError(DOES_NOT_COMPILE) from None
    kernel = cl.Kernel(program, request["entry"])
    say("running the kernel")
    outputs = [_unwritten(request, one) for one in request["arguments"] if one["kind"] == "output"]
    buffers = {output.port: _buffer(context, output.memory) for output in outputs}
    values = [_argument(context, inputs, buffers, one) for one in request["arguments"]]
    kernel.set_args(*values)  # it does not keep the buffers alive: `values` does
    cl.enqueue_nd_range_kernel(queue, kernel, request["global"], request["local"] or None).wait()
    for output in outputs:
        cl.enqueue_copy(queue, output.memory, buffers[output.port]).wait()
    if len(outputs) != len(request["output_types"]):
        raise RuntimeError("the kernel must have one argument for each output of the op")
    return [one.values() for one in sorted(outputs, key=lambda one: one.port)]


@dataclass(frozen=True)
class _Output:
    """Memory that the kernel writes, in the order of the tensor's format."""

    port: int
    tensor: dict[str, Any]
    memory: Array

    def values(self) -> Array:
        return self.memory.transpose(np.argsort(self.tensor["order"])).reshape(self.tensor["shape"])


def _unwritten(request: dict[str, Any], tensor: dict[str, Any]) -> _Output:
    """An output filled with a wrong value: elements that the kernel never writes must not look right."""
    dtype = numpy_type(request["output_types"][tensor["port"]])
    shape = [tensor["dims"][axis] for axis in tensor["order"]]
    return _Output(tensor["port"], tensor, np.full(shape, np.nan if dtype.kind == "f" else 77, dtype))


def _argument(
    context: cl.Context, inputs: Sequence[Array], outputs: dict[int, cl.Buffer], argument: dict[str, Any]
) -> cl.Buffer | np.generic:
    if argument["kind"] == "scalar":
        number: np.generic = numpy_type(argument["element"]).type(argument["value"])
        return number
    if argument["kind"] == "internal":  # filled with what a kernel that expects zeros computes garbage from
        return _buffer(context, np.full(argument["bytes"], 0x7F, np.uint8))
    if argument["kind"] == "output":
        return outputs[argument["port"]]
    return _buffer(context, _laid_out(inputs[argument["port"]], argument))


def _laid_out(values: Array, tensor: dict[str, Any]) -> Array:
    """The values in the memory order of the tensor's format."""
    return np.ascontiguousarray(values.reshape(tensor["dims"]).transpose(tensor["order"]))


def _buffer(context: cl.Context, values: Array) -> cl.Buffer:
    return cl.Buffer(context, cl.mem_flags.READ_WRITE | cl.mem_flags.COPY_HOST_PTR, hostbuf=values)


def _platforms() -> list[cl.Platform]:
    try:
        return [platform for platform in cl.get_platforms() if platform.get_devices()]
    except cl.LogicError:  # there is none
        return []


def _name(device: cl.Device) -> str:
    return f"{device.platform.name.strip()}: {device.name.strip()}"


def _can(device: cl.Device, types: list[str]) -> bool:
    return "f16" not in types or "cl_khr_fp16" in device.extensions


def _build_log(device: cl.Device, program: dict[str, Any]) -> dict[str, Any]:
    """What the compiler says, and whether it fails because of the options."""
    ok, log = _built(device, program["text"], program["options"])
    is_of_options = not ok and bool(program["options"]) and _built(device, program["text"], "")[0]
    return {"ok": ok, "log": log, "is_of_options": is_of_options, "id": program["id"]}


def _built(device: cl.Device, text: str, options: str) -> tuple[bool, str]:
    try:
        built = cl.Program(cl.Context([device]), text).build(options)
    except cl.RuntimeError as error:
        return False, str(error)
    return True, built.get_build_info(device, cl.program_build_info.LOG).strip()
