"""Element types: the one in the model, the one that reaches a kernel, and its name in OpenCL C."""

from __future__ import annotations

# The OpenCL C names of the types that reach a kernel.
OPENCL_TYPES = {"i8": "char", "u8": "uchar", "i32": "int", "f16": "half", "f32": "float"}
# The values of INFERENCE_PRECISION_HINT, which decides for floating-point types. By default the plugin uses f16.
PRECISIONS = ("f32", "f16")

_BY_HINT = {"f16", "f32", "bf16"}
_FIXED = {"f64": "f32", "i8": "i8", "u8": "u8", "boolean": "u8"}
_FIXED |= dict.fromkeys(("i16", "u16", "i32", "u32", "i64", "u64"), "i32")


def precisions_with(only: str | None) -> tuple[str, ...]:
    """The precisions that a kernel must work in: all, or the only one that a table [gpu] declares."""
    return (only,) if only else PRECISIONS


def in_kernel(element: str, precision: str) -> str | None:
    """The type in which a model's tensor reaches a kernel; None if it cannot."""
    return precision if element in _BY_HINT else _FIXED.get(element)


def follows_hint(element: str) -> bool:
    return element in _BY_HINT
