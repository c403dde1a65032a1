"""The plugin's own headers, captured while it compiles a layer on the simulated device."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.errors import OvextError, ToolError
from ovext.files import replace_text, writing_to
from ovext.gpu.plugin import BUILT_INS, headers_of, names_in
from ovext.gpu.simulator import find_simulator
from ovext.inspect.elf import Elf
from ovext.models.ir import TensorType, one_op_model
from ovext.toolchain.fetch import cache_dir
from ovext.worker.client import ask_once

if TYPE_CHECKING:
    from ovext.gpu.plugin import PluginNames
    from ovext.toolchain.openvino import OpenVINO

# A layer for an op that OpenVINO has, so that no extension is needed.
_LAYER = """\
<CustomLayer name="Relu" type="SimpleGPU" version="1">
  <Kernel entry="probe"><Source filename="probe.cl"/></Kernel>
  <Buffers>
    <Tensor arg-index="0" type="input" port-index="0"/>
    <Tensor arg-index="1" type="output" port-index="0"/>
  </Buffers>
  <WorkSizes global="X"/>
</CustomLayer>
"""
_KERNEL = "__kernel void probe(const __global INPUT0_TYPE* src, __global OUTPUT0_TYPE* dst) { dst[0] = src[0]; }\n"
# The virtual table of a class ov::op::vN::Name, whose name is the op's type.
_OP_CLASS = re.compile(r"_ZTVN2ov2op(?:2v\d|3v\d\d)(\d+)(\w+)E")


def plugin_headers(openvino: OpenVINO) -> str:
    """The text that this release's plugin puts before every custom kernel; kept in the user's cache.

    Raises:
        ToolError: the simulated device is missing, or the plugin does not work on it.
        LibraryError: the plugin's process died.
    """
    cached = cache_dir() / "plugin-headers" / f"{openvino.version}.cl"
    if not cached.is_file():
        headers = headers_of(_program(openvino))
        with writing_to(cached.parent):
            cached.parent.mkdir(parents=True, exist_ok=True)
            replace_text(cached, headers)
    return cached.read_text(encoding="utf-8")


def headers_if_possible(openvino: OpenVINO) -> str | None:
    """The plugin's headers, or None if the simulated device cannot show them."""
    try:
        return plugin_headers(openvino)
    except OvextError:
        return None


def _program(openvino: OpenVINO) -> str:
    with tempfile.TemporaryDirectory(prefix="ovext-gpu-") as name:
        folder = Path(name)
        (folder / "probe.xml").write_text(_LAYER, encoding="utf-8")
        (folder / "probe.cl").write_text(_KERNEL, encoding="utf-8")
        model = one_op_model("ReLU", "opset1", [TensorType("f32", (1, 1, 1, 1))])
        request = {"layers": str(folder / "probe.xml"), "model": model}
        ask_once(openvino, "compile-for-gpu", request, env=find_simulator().environment(programs=folder))
        programs = [file.read_text(encoding="utf-8") for file in folder.glob("*-*.cl")]
    found = next((program for program in programs if BUILT_INS in program), None)
    if found is None:
        raise ToolError(f"the GPU plugin of OpenVINO {openvino.version} compiles custom layers in another way")
    return found


def collect_names(openvino: OpenVINO) -> PluginNames:
    """The names that custom kernels and layers must not have in this release. Raises the errors of plugin_headers."""
    matches = [_OP_CLASS.fullmatch(symbol.name) for symbol in Elf(openvino.library).dynamic_symbols]
    classes = {match[2] for match in matches if match and int(match[1]) == len(match[2])}
    return names_in(plugin_headers(openvino), str(openvino.version), frozenset(classes))
