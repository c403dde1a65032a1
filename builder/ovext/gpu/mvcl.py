"""Layers of type MVCL, for the MYRIAD plugin that OpenVINO had until 2022.3: legacy, written and checked only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ovext.gpu.emit import quoted
from ovext.toml import read_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ovext.project.gpu_tables import Vpu
    from ovext.project.op import OpDescription


def vpu_files(name: str, ops: Sequence[OpDescription]) -> dict[str, str]:
    """The files `name`.xml and one .cl for each op with a table [vpu], by name; none if no op has one."""
    with_layer = [(op, op.vpu) for op in ops if op.vpu]
    if not with_layer:
        return {}
    texts = {f"{name}.{op.type}.cl": read_text(op.folder / vpu.kernel) for op, vpu in with_layer}
    return {f"{name}.xml": "\n".join(_xml(op, vpu, f"{name}.{op.type}.cl") for op, vpu in with_layer), **texts}


def _xml(op: OpDescription, vpu: Vpu, kernel: str) -> str:
    attributes = {one.name: one.type for one in op.attributes}
    lines = []
    for argument, buffer in vpu.arguments.items():
        kind, port = op.port_of(buffer.tensor)
        lines.append(f'<Tensor arg-name="{argument}" type="{kind}" port-index="{port}" format="{buffer.format}"/>')
    for argument, source in vpu.scalars.items():
        number = scalar_type(source, attributes)
        lines.append(f'<Scalar arg-name="{argument}" type="{number}" source={quoted(source)}/>')
    parameters = "\n".join(f"      {line}" for line in lines)
    local = f" local={quoted(','.join(vpu.local_sizes))}" if vpu.local_sizes else ""
    return f"""\
<CustomLayer name={quoted(op.type)} type="MVCL" version="1">
  <Kernel entry={quoted(vpu.entry)}>
    <Source filename="{kernel}"/>
    <Parameters>
{parameters}
    </Parameters>
    <WorkSizes dim={quoted(vpu.dim)} global={quoted(",".join(vpu.work_sizes))}{local}/>
  </Kernel>
</CustomLayer>
"""


def scalar_type(source: str, attributes: Mapping[str, str]) -> str:
    """`float` for an attribute of that type and for a number with a point or an exponent, else `int`."""
    is_decimal = re.fullmatch(r"[-+]?\d+(\.\d*([eE][-+]?\d+)?|[eE][-+]?\d+)", source) is not None
    return "float" if is_decimal or attributes.get(source) == "float" else "int"
