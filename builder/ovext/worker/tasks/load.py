"""Load a library, and ask it what it is."""

from __future__ import annotations

import ctypes
from typing import Any

import openvino as ov


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Load a library and read each model. Returns the instruction set that it chose, and each op's type and opset.

    The former is null for a library that was not built with ovext; the latter are empty for one that reports none.
    """
    library = request["library"]
    core = ov.Core()
    core.add_extension(library)
    for name, xml in request["models"].items():
        try:
            core.read_model(xml.encode(), b"")
        except RuntimeError as error:
            raise RuntimeError(f"it does not provide the op {name}: {error}") from None
    ops = _said(library, "ovext_ops") or ""
    return {"isa": _said(library, "ovext_active_isa"), "ops": [line.split(" ", 1) for line in ops.splitlines()]}


def _said(library: str, name: str) -> str | None:
    """The text that a function of a loaded library returns; None if there is none."""
    handle = ctypes.CDLL(library)
    if not hasattr(handle, name):
        return None
    function = handle[name]
    function.restype = ctypes.c_char_p
    text: bytes | None = function()
    return text.decode() if text else None
