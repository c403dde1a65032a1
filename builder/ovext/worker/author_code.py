"""The author's Python: references of ops, and functions of benchmarks."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import ModuleType

    Places = Sequence[int | list[int] | None]


@cache
def module_of(file: Path) -> ModuleType:
    """The module in a file, imported once. Leaves nothing in the author's project.

    Raises:
        FileNotFoundError: there is no such file.
    """
    spec = importlib.util.spec_from_file_location(f"ovext_{file.stem}", file)
    if spec is None or spec.loader is None or not file.is_file():
        raise FileNotFoundError(f"there is no file {file}")
    sys.dont_write_bytecode = True
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def in_arguments(places: Places, inputs: Sequence[Any]) -> list[Any]:
    """The positional arguments: None for an input that is left out, a list for one that consists of many tensors."""
    return [
        None if one is None else [inputs[each] for each in one] if isinstance(one, list) else inputs[one]
        for one in places
    ]
