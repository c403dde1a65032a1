"""Kernels without OpenVINO: compiled by every OpenCL runtime here, and run on one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyopencl as cl

from ovext.worker.tasks.reference import Phases, compare, draw_inputs, dtype_of, expected_output

if TYPE_CHECKING:
    from ovext.worker.tasks.reference import Array


def runtimes(_: dict[str, Any]) -> dict[str, Any]:
    """The names of the OpenCL runtimes that have a device."""
    return {"runtimes": [platform.name for platform in _platforms()]}


def build(request: dict[str, Any]) -> dict[str, Any]:
    """What each runtime's compiler says of each program: one without half precision is not given those that need it."""
    built = []
    for platform in _platforms():
        device = platform.get_devices()[0]
        logs = [_build_log(device, program) for program in request["programs"] if _can(device, program["types"])]
        built.append({"name": platform.name.strip(), "logs": logs})
    return {"runtimes": built}


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Run a kernel on the first device of the runtime asked for, and compare its output with the reference in numpy."""
    say = Phases(request)
    platform = next((one for one in _platforms() if request["runtime"] in one.name), None)
    if platform is None:
        raise RuntimeError(f"there is no OpenCL runtime '{request['runtime']}'")
    device = platform.get_devices()[0]
    if not _can(device, request["types"]):
        return {"device": device.name, "skipped": f"{platform.name} computes no half precision"}
    inputs = draw_inputs(request)
    say("computing the reference")
    expected = expected_output(request, inputs)
    say("compiling the kernel")
    context = cl.Context([device])
    queue = cl.CommandQueue(context)
    try:
        program = cl.Program(context, request["program"]).build(request["options"])
    except cl.RuntimeError as error:
        raise RuntimeError(f"clBuildProgram failed: {error}") from None
    kernel = cl.Kernel(program, request["entry"])
    say("running the kernel")
    output = request["arguments"][request["output_argument"]]
    dtype = dtype_of(request["types"][len(inputs)])
    # What the kernel leaves out must not look right.
    untouched = np.nan if dtype.kind == "f" else 77
    result = np.full([output["dims"][axis] for axis in output["order"]], untouched, dtype)
    memory = _buffer(context, result)
    values = [memory if one is output else _argument(context, inputs, one) for one in request["arguments"]]
    kernel.set_args(*values)  # which does not keep the buffers: `values` does
    cl.enqueue_nd_range_kernel(queue, kernel, request["global"], request["local"] or None).wait()
    cl.enqueue_copy(queue, result, memory).wait()
    actual = result.transpose(np.argsort(output["order"])).reshape(output["shape"])
    return {"device": device.name, "reference": compare(actual, expected, request["tolerance"])}


def _argument(context: cl.Context, inputs: list[Array], argument: dict[str, Any]) -> cl.Buffer | np.generic:
    if argument["kind"] == "scalar":
        number: np.generic = dtype_of(argument["element"]).type(argument["value"])
        return number
    if argument["kind"] == "output":  # of an op with several, all but the one that is compared
        return cl.Buffer(context, cl.mem_flags.READ_WRITE, 8 * max(1, math.prod(argument["dims"])))
    return _buffer(context, _laid_out(inputs[argument["port"]], argument))


def _laid_out(values: Array, tensor: dict[str, Any]) -> Array:
    """The values in the order in memory that the tensor's format has."""
    return np.ascontiguousarray(values.reshape(tensor["dims"]).transpose(tensor["order"]))


def _buffer(context: cl.Context, values: Array) -> cl.Buffer:
    return cl.Buffer(context, cl.mem_flags.READ_WRITE | cl.mem_flags.COPY_HOST_PTR, hostbuf=values)


def _platforms() -> list[cl.Platform]:
    try:
        return [platform for platform in cl.get_platforms() if platform.get_devices()]
    except cl.LogicError:  # there is none
        return []


def _can(device: cl.Device, types: list[str]) -> bool:
    return "f16" not in types or "cl_khr_fp16" in device.extensions


def _build_log(device: cl.Device, program: dict[str, Any]) -> dict[str, Any]:
    context = cl.Context([device])
    made = cl.Program(context, program["text"])
    try:
        built = made.build(program["options"])
    except cl.RuntimeError as error:
        return {"ok": False, "log": str(error), "id": program["id"]}
    return {"ok": True, "log": built.get_build_info(device, cl.program_build_info.LOG).strip(), "id": program["id"]}
