"""What OpenVINO's plugins make of element types before they run an op. tests/proof compares it with the plugins."""

from __future__ import annotations

_MADE = {
    "bf16": "f32",
    "boolean": "u8",
    "f16": "f32",
    "f64": "f32",
    "i16": "i32",
    "i64": "i32",
    "u16": "i32",
    "u32": "i32",
    "u64": "i32",
}


# The names, without regard to case, under which the CPU plugin makes an op of its own of any op, and then fails or
# crashes. Other names of its ops it gives back if the op is not OpenVINO's.
TAKEN_BY_CPU_PLUGIN = (
    "Assign",
    "EmbeddingBagOffsets",
    "EmbeddingBagOffsetsSum",
    "EmbeddingBagPacked",
    "EmbeddingBagPackedSum",
    "EmbeddingSegmentsSum",
    "If",
    "LoRASubgraph",
    "PagedCausalConv1D",
    "ROIAlignRotated",
    "Reorder",
    "Result",
    "Subgraph",
)
# The same, for an op with one input.
TAKEN_WITH_ONE_INPUT = ("Add", "Convolution", "GatherMatmul", "MatMul")


def in_cpu_plugin(element: str) -> str:
    """The element type that an op's tensor of the type `element` has in the CPU plugin.

    On a CPU with instructions for bf16 or f16, that type stays as it is.
    """
    return _MADE.get(element, element)


def in_gpu_plugin(element: str) -> str:
    """The element type that an op's tensor has in the GPU plugin, in the plugin's default precision."""
    return "f16" if element == "f32" else element
