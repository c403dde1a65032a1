"""A traced function of PyTorch that calls one op."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from ovext.worker.author_code import in_arguments
from ovext.worker.models import NUMPY_NAMES, ImpossibleError, named

if TYPE_CHECKING:
    from pathlib import Path

_KINDS = {"bool": "bool", "int": "int", "float": "float", "string": "str"}


def made(request: dict[str, Any], _: Path) -> Any:
    inputs = [
        torch.zeros(shape, dtype=getattr(torch, named(NUMPY_NAMES, kind)))
        for kind, shape in zip(request["input_types"], request["shapes"], strict=True)
    ]
    takes = request["arguments"]
    by_number = {one["name"]: one for one in request["attributes"]}
    numbers = range(len(takes), max(by_number, default=-1) + 1)
    arguments = [by_number[number]["value"] if number in by_number else 0 for number in numbers]
    kinds = [_kind(by_number[number]) if number in by_number else "int" for number in numbers]
    tensors = ["Tensor[]" if isinstance(one, list) else "Tensor?" for one in takes]
    op = _op(request["name"], [*tensors, *kinds], len(request["outputs"]))

    def called(*given: Any) -> Any:
        return op(*in_arguments(takes, given), *arguments)

    with torch.no_grad():
        return torch.jit.trace(called, tuple(inputs), check_trace=False)


def _kind(attribute: dict[str, Any]) -> str:
    return _KINDS[attribute["kind"]] + ("[]" if attribute["is_list"] else "") + "?"


_defined: set[str] = set()


def _op(name: str, kinds: list[str], outputs: int) -> Any:
    """The op, which PyTorch must know to trace it. Its results are not looked at."""
    namespace, _, word = name.partition("::")
    if not word:
        raise ImpossibleError(f"PyTorch has no op without a namespace, such as my_ops::{name}")
    if name not in _defined:
        if hasattr(getattr(torch.ops, namespace), word):
            raise ImpossibleError(f"PyTorch itself has an op {name}")
        takes = [f"{kind} a{number}" for number, kind in enumerate(kinds)]
        gives = "Tensor" if outputs == 1 else f"({', '.join(['Tensor'] * outputs)})"
        torch.library.define(name, f"({', '.join(takes)}) -> {gives}")
        results = [torch.zeros(1) for _ in range(outputs)]
        torch.library.impl(
            name, "default", lambda *_: results[0].clone() if outputs == 1 else tuple(one.clone() for one in results)
        )
        _defined.add(name)
    return getattr(getattr(torch.ops, namespace), word)
