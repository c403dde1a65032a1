"""Models of one node, each made with packages of its framework.

Each module has `made(request, folder)`, which returns the model's path, or a model in memory that OpenVINO's converter
takes. The package that it needs may be missing.
"""

from __future__ import annotations

# The names that numpy, PyTorch and JAX have in common.
NUMPY_NAMES = {
    "f32": "float32",
    "f16": "float16",
    "bf16": "bfloat16",
    "f64": "float64",
    "boolean": "bool",
    **{f"i{bits}": f"int{bits}" for bits in (8, 16, 32, 64)},
    **{f"u{bits}": f"uint{bits}" for bits in (8, 16, 32, 64)},
}


class ImpossibleError(Exception):
    """The framework cannot have such a model."""


def as_list(argument: int | list[int] | None) -> list[int]:
    """The tensors of one input of the op: one, many, or none where it is left out."""
    return [] if argument is None else argument if isinstance(argument, list) else [argument]


def named(names: dict[str, str], element: str) -> str:
    """The framework's name of an element type.

    Raises:
        ImpossibleError: it has none.
    """
    if element not in names:
        raise ImpossibleError(f"its models have no element type {element}")
    return names[element]
