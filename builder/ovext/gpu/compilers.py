"""Compile kernels with every compiler found here, and report the missing ones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ovext.gpu.compile import CompileReport, compile_for_gpus, compile_with_runtimes, programs_of
from ovext.gpu.headers import headers_if_possible
from ovext.gpu.ocloc import choose_devices
from ovext.toolchain.opencl import INSTALL_OCLOC, INSTALL_RUNTIME, find_ocloc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ovext.gpu.check import Checked
    from ovext.gpu.compile import Program
    from ovext.toolchain.openvino import OpenVINO


def compile_everywhere(
    layers: Sequence[Checked], devices: str | None, openvino: OpenVINO | None, talk: Callable[[str], None]
) -> CompileReport:
    """The results of compiling the kernels with ocloc, for `devices`, and with every OpenCL runtime.

    Raises:
        UnknownNameError: ocloc does not know a device.
    """
    programs = [program for one in layers for program in programs_of(one, None)]
    if not programs:
        return CompileReport()
    headers = headers_if_possible(openvino) if openvino else None
    with_headers = [program for one in layers for program in programs_of(one, headers)] if headers else []
    with ThreadPoolExecutor(1) as pool:  # the runtimes compile in a process of their own
        by_runtimes = pool.submit(_with_runtimes, programs, openvino, talk)
        return _for_gpus(with_headers, programs, devices, talk) + by_runtimes.result()


def _for_gpus(
    with_headers: Sequence[Program], plain: Sequence[Program], devices: str | None, talk: Callable[[str], None]
) -> CompileReport:
    """Compile the programs with the plugin's own headers, or the plain ones if there are none."""
    ocloc = find_ocloc()
    if ocloc is None:
        talk(f"Not compiled for Intel GPUs: ocloc was not found. {INSTALL_OCLOC}")
        return CompileReport()
    chosen = choose_devices(ocloc, devices)
    programs = with_headers or plain
    what = "the plugin's own headers" if with_headers else "an imitation of the plugin's text"
    talk(f"Compiling {len(programs)} programs for {', '.join(chosen)}, with {what}")
    return compile_for_gpus(ocloc, programs, chosen)


def _with_runtimes(
    programs: Sequence[Program], openvino: OpenVINO | None, talk: Callable[[str], None]
) -> CompileReport:
    report = CompileReport()
    if openvino and find_spec("pyopencl"):
        report = compile_with_runtimes(openvino, programs)
    if report == CompileReport():
        reason = f"there is none. {INSTALL_RUNTIME}" if openvino else "it needs OpenVINO. pip install openvino"
        talk(f"Not compiled with an OpenCL runtime: {reason}")
    return report
