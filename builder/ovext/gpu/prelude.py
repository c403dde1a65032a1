"""The text that the plugin puts before a kernel to describe its layer, written without the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovext.gpu.elements import OPENCL_TYPES
from ovext.gpu.layer import four_dims
from ovext.gpu.plugin import BUILT_INS
from ovext.gpu.sizes import work_sizes_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ovext.gpu.layer import Layer, Sample, Tensor
    from ovext.project.shapes import Shape

ORDERS = {"BFYX": (0, 1, 2, 3), "BYXF": (0, 2, 3, 1), "FYXB": (1, 2, 3, 0), "YXFB": (2, 3, 1, 0)}
_FP16 = "#ifdef cl_khr_fp16\n#pragma OPENCL EXTENSION cl_khr_fp16 : enable\n#endif\n"


def program_text(layer: Layer, sample: Sample, types: Sequence[str], headers: str = _FP16) -> str:
    """The whole program that is compiled for the layer; compilers count the lines of its sources as in their files.

    Args:
        layer: the layer; its sources must be readable.
        sample: the shapes and attributes of one node.
        types: the element type in which each input, then each output, reaches the kernel, such as "f16".
        headers: the plugin's own headers, if they are known.

    Raises:
        ExpressionError: a work size cannot be computed.
    """
    defines = [f"#define {one.name} {one.text(sample.attributes)}" for one in layer.defines]
    sources = [f"{line_directive(source.file)}\n{source.text}\n" for source in layer.sources]
    return "\n".join([headers, BUILT_INS, "", *built_ins(layer, sample, types), "", *defines, "", *sources])


def line_directive(file: Path) -> str:
    """The directive that makes compilers count the following lines as the file's."""
    quoted = str(file).replace("\\", "\\\\").replace('"', '\\"')
    return f'#line 1 "{quoted}"'


def built_ins(layer: Layer, sample: Sample, types: Sequence[str]) -> list[str]:
    """The lines that describe the layer's tensors, as the plugin writes them."""
    global_sizes, local_sizes = work_sizes_of(layer, sample)
    lines = [f"#define NUM_INPUTS {len(sample.inputs)}"]
    lines += _array("GLOBAL_WORKSIZE", "ulong", global_sizes) + _array("LOCAL_WORKSIZE", "ulong", local_sizes)
    inputs, outputs = types[: len(sample.inputs)], types[len(sample.inputs) :]
    for kind, shapes, elements in (("INPUT", sample.inputs, inputs), ("OUTPUT", sample.outputs, outputs)):
        for port, (shape, element) in enumerate(zip(shapes, elements, strict=True)):
            tensor = next((one for one in layer.tensors if one.kind.upper() == kind and one.port == port), None)
            lines += _tensor(f"{kind}{port}", shape, element, tensor)
    return lines


def _tensor(name: str, shape: Shape, element: str, tensor: Tensor | None) -> list[str]:
    memory_format = tensor.format if tensor and tensor.format in ORDERS else "BFYX"
    dims = four_dims(shape)
    return [
        *_array(f"{name}_DIMS", "long", dims),
        f"#define {name}_TYPE {OPENCL_TYPES[element]}",
        f"#define {name}_FORMAT_{memory_format} ",
        *_array(f"{name}_LOWER_PADDING", "long", (0,) * 4),
        *_array(f"{name}_UPPER_PADDING", "long", (0,) * 4),
        *_array(f"{name}_PITCHES", "long", pitches(dims, memory_format)),
        f"#define {name}_OFFSET 0",
    ]


def pitches(dims: Sequence[int], memory_format: str) -> list[int]:
    """The distance between neighbours along b, f, y and x, in elements."""
    result = [0, 0, 0, 0]
    step = 1
    for axis in reversed(ORDERS[memory_format]):
        result[axis] = step
        step *= dims[axis]
    return result


def _array(name: str, element: str, values: Sequence[int]) -> list[str]:
    listed = "".join(f"{value}," for value in values)
    return [
        f"#define {name}_SIZE {len(values)}",
        f"#define {name}_INIT {{ {listed} }} ",
        f"#define {name} ({element} []){{ {listed} }} ",
    ]
