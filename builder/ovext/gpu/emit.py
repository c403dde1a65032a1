"""Write layers as the XML that the GPU plugin reads, with their kernels beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovext.gpu.layer import Layer

_ESCAPED = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
)


def layer_files(name: str, layers: Sequence[Layer]) -> dict[str, str]:
    """The files `name`.xml, with every layer, and one .cl for each layer, by name."""
    kernels = {f"{name}.{layer.op}.cl": layer for layer in layers}
    texts = {file: "".join(source.text or "" for source in layer.sources) for file, layer in kernels.items()}
    return {f"{name}.xml": "\n".join(layer_xml(layer, file) for file, layer in kernels.items()), **texts}


def layer_xml(layer: Layer, kernel: str) -> str:
    """One CustomLayer, with its source in the file `kernel`. An XML of several has no root: the plugin accepts none."""
    defines = [
        _tag("Define", name=one.name, param=one.attribute, type=_type(one.list_type), default=one.default)
        for one in layer.defines
    ]
    tensors = [
        _tag(
            "Tensor",
            arg_index=one.argument,
            type=one.kind,
            port_index=one.port,
            format=None if one.kind == "internal" else one.format,
            size=one.size or None,
        )
        for one in layer.tensors
    ]
    sizes = layer.work_sizes
    lines = [
        f'<CustomLayer name={quoted(layer.op)} type="SimpleGPU" version="1">',
        f"  <Kernel entry={quoted(layer.entry)}>",
        f"    {_tag('Source', filename=kernel)}",
        *(f"    {define}" for define in defines),
        "  </Kernel>",
        "  <Buffers>",
        *(f"    {tensor}" for tensor in tensors),
        "  </Buffers>",
    ]
    if layer.options:
        lines.append(f"  {_tag('CompilerOptions', options=layer.options)}")
    if sizes:
        lines.append(
            "  " + _tag("WorkSizes", **{"global": sizes.global_sizes or None}, local=sizes.local_sizes or None)
        )
    return "\n".join([*lines, "</CustomLayer>", ""])


def _type(list_type: str) -> str | None:
    return f"{list_type}[]" if list_type else None


def quoted(value: str) -> str:
    """The value of an attribute of XML. The function of Python's xml.sax takes 10 ms to import."""
    return f'"{value.translate(_ESCAPED)}"'


def _tag(element: str, **attributes: str | int | None) -> str:
    given = {key.replace("_", "-"): value for key, value in attributes.items() if value is not None}
    return f"<{element} " + " ".join(f"{key}={quoted(str(value))}" for key, value in given.items()) + "/>"
