"""What OpenVINO's CPU plugin makes of element types before it runs an op. tests/runtime compares it with the plugin."""

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


def in_cpu_plugin(element: str) -> str:
    """The element type that an op's tensor of the type `element` has in the CPU plugin."""
    return _MADE.get(element, element)
