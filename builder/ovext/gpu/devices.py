"""Where a GPU layer can run here: a GPU, the simulated one, or an OpenCL runtime without the plugin."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ovext.errors import ToolError, UnknownNameError
from ovext.gpu.simulator import find_simulator, simulator_if_possible
from ovext.toolchain.opencl import INSTALL_RUNTIME, find_runtime
from ovext.worker.client import ask_once

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ovext.toolchain.openvino import OpenVINO

# What can be asked for; NAME is a part of a platform's or device's name.
NAMES = ("GPU", "sim", "pocl", "opencl:NAME")
OPENCL = "opencl:"
# pyopencl would keep compiled programs in the user's cache, and fails on options that a compiler does not know.
NO_CACHE = {"PYOPENCL_NO_CACHE": "1"}
POCL = "Portable Computing Language"
_INSTALL_POCL = "Install pyopencl (pip install 'ovext[opencl]') and PoCL (apt-get install pocl-opencl-icd)."


@dataclass(frozen=True)
class Device:
    """Where GPU kernels run.

    Attributes:
        option: what `--device` takes for it.
        name: a short name for tables.
        text: what it is.
        reason: why it was chosen.
        runtime: the OpenCL device, as `opencl_devices` names it, that kernels run on without the GPU plugin.
        environment: what a process needs to see it.
    """

    option: str
    name: str
    text: str
    reason: str
    runtime: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_plugin(self) -> bool:
        return not self.runtime


def is_gpu_device(name: str | None) -> bool:
    """Whether `--device` takes this for kernels for GPUs."""
    return name is not None and (name in NAMES[:-1] or name.startswith(OPENCL))


def choose_device(asked: str | None, openvino: OpenVINO) -> Device:
    """The requested device; by default a GPU, else the simulated one, else PoCL.

    Raises:
        UnknownNameError: there is no such device.
        ToolError: the requested device, or every device, is missing; the text says how to install it.
    """
    if asked is not None and not is_gpu_device(asked):
        raise UnknownNameError("device", asked, NAMES)
    reason = "--device names it" if asked else "no better one is available"
    if asked in {None, "GPU"}:
        gpus: dict[str, str] = ask_once(openvino, "devices", {})["gpus"]
        if gpus:
            return Device("GPU", "GPU", f"the GPU {next(iter(gpus.values()))}", "OpenVINO sees it")
        if asked:
            raise ToolError(
                "OpenVINO sees no GPU here", fix="Use --device sim, or see OpenVINO's guide for GPU drivers."
            )
    if asked == "sim" or (asked is None and find_runtime()):
        environment = find_simulator().environment()
        text = "a simulated device, no GPU: the real plugin on Intel's OpenCL runtime for CPUs"
        return Device("sim", "simulated GPU", text, reason, environment=environment)
    if asked and asked.startswith(OPENCL):
        return _opencl_device(asked, reason, openvino)
    if pocl := next((one for one in opencl_devices(openvino) if POCL in one), None):
        text = "PoCL, no GPU and no plugin: the kernel alone, on the CPU"
        return Device("pocl", "PoCL", text, reason, pocl, NO_CACHE)
    raise ToolError(
        "there is neither a GPU, nor a simulated one, nor PoCL" if asked is None else "PoCL cannot be used",
        fix=_INSTALL_POCL if asked else f"{INSTALL_RUNTIME} {_INSTALL_POCL}",
    )


def _opencl_device(asked: str, reason: str, openvino: OpenVINO) -> Device:
    wanted = asked.removeprefix(OPENCL).casefold()
    found = opencl_devices(openvino)
    if not found:
        raise ToolError("no OpenCL device is here", fix=_INSTALL_POCL)
    for name, environment in found.items():
        if wanted and wanted in name.casefold():
            short = name.partition(": ")[2]
            return Device(asked, short, f"{name}, without the plugin: the kernel alone", reason, name, environment)
    raise UnknownNameError("OpenCL device", asked.removeprefix(OPENCL), found)


def opencl_devices(openvino: OpenVINO) -> dict[str, Mapping[str, str]]:
    """The OpenCL devices here, each as `PLATFORM: DEVICE` with what a process needs to see it.

    They are those of the system, and Intel's for CPUs if it came with the extra gpu-sim; none without pyopencl.
    """
    if find_spec("pyopencl") is None:
        return {}
    simulator = simulator_if_possible()
    environments = [NO_CACHE, *([{**NO_CACHE, **simulator.environment()}] if simulator else [])]
    devices: dict[str, Mapping[str, str]] = {}
    for environment in environments:
        for name in ask_once(openvino, "opencl-devices", {}, env=environment)["devices"]:
            devices.setdefault(name, environment)
    return devices
