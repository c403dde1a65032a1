"""Where a GPU layer can run here: a GPU, the simulated one, or an OpenCL runtime without the plugin."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ovext.errors import ToolError, UnknownNameError
from ovext.gpu.simulator import find_simulator
from ovext.toolchain.opencl import INSTALL_RUNTIME, find_runtime
from ovext.worker.client import ask_once

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ovext.toolchain.openvino import OpenVINO

KINDS = ("GPU", "sim", "pocl")
# pyopencl would keep compiled programs in the user's cache, and fails on options that a compiler does not know.
NO_CACHE = {"PYOPENCL_NO_CACHE": "1"}
POCL = "Portable Computing Language"
_POCL_INSTALL = "Install pyopencl (pip install 'ovext[opencl]') and PoCL (apt-get install pocl-opencl-icd)."


@dataclass(frozen=True)
class Device:
    """A device's kind (one of KINDS), its description, and why it was chosen."""

    kind: str
    text: str
    reason: str
    name: str  # a short form
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_plugin(self) -> bool:
        return self.kind != "pocl"


def choose_device(asked: str | None, openvino: OpenVINO) -> Device:
    """The requested device; by default a GPU, else the simulated one, else PoCL.

    Raises:
        UnknownNameError: there is no such kind.
        ToolError: the requested device, or every device, is missing; the text says how to install it.
    """
    if asked is not None and asked not in KINDS:
        raise UnknownNameError("device", asked, KINDS)
    reason = "--device names it" if asked else "no better one is available"
    if asked in {None, "GPU"}:
        gpus: dict[str, str] = ask_once(openvino, "devices", {})["gpus"]
        if gpus:
            return Device("GPU", f"the GPU {next(iter(gpus.values()))}", "OpenVINO sees it", "the GPU")
        if asked:
            raise ToolError(
                "OpenVINO sees no GPU here", fix="Use --device sim, or see OpenVINO's guide for GPU drivers."
            )
    if asked == "sim" or (asked is None and find_runtime()):
        environment = find_simulator().environment()
        text = "a simulated device, no GPU: the real plugin on Intel's OpenCL runtime for CPUs"
        return Device("sim", text, reason, "a simulated device", environment)
    if POCL in runtimes(openvino):
        return Device("pocl", "PoCL, no GPU and no plugin: the kernel alone, on the CPU", reason, "PoCL", NO_CACHE)
    raise ToolError(
        "there is neither a GPU, nor a simulated one, nor PoCL" if asked is None else "PoCL cannot be used",
        fix=_POCL_INSTALL if asked else f"{INSTALL_RUNTIME} {_POCL_INSTALL}",
    )


def runtimes(openvino: OpenVINO) -> list[str]:
    """The names of the OpenCL runtimes here; none if pyopencl is not installed."""
    if find_spec("pyopencl") is None:
        return []
    names: list[str] = ask_once(openvino, "opencl-runtimes", {})["runtimes"]
    return names
