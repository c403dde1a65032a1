"""The process that loads extension libraries: `python -m ovext.verify.worker TASK ANSWER-FILE`, the request on stdin.

The answer goes into a file, because libraries may print. A task's own failure is an answer too: {"error": ...}.
With `talk FD` it answers each line on stdin, a request with its `task`, with a line on that file descriptor.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# Else `import openvino` reports each import over the network, from a forked process that can hang for ever, because
# this one waits for its input.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]

try:
    import openvino as ov
except ImportError as error:
    no_openvino = json.dumps({"no_openvino": str(error)}) + "\n"
    if sys.argv[1] == "talk":
        os.write(int(sys.argv[2]), no_openvino.encode())
    else:
        Path(sys.argv[2]).write_text(no_openvino, encoding="utf-8")
    sys.exit()

Request = dict[str, Any]


def load(request: Request) -> dict[str, Any]:
    """Load a library and read each model."""
    library = request["library"]
    if request["link"] == "host":
        # A server that such a library is for has OpenVINO's symbols in its global scope.
        ctypes.CDLL(request["openvino"], mode=os.RTLD_GLOBAL | os.RTLD_NOW)
    core = ov.Core()
    core.add_extension(library)
    for name, xml in request["models"].items():
        try:
            core.read_model(xml.encode(), b"")
        except RuntimeError as error:
            raise RuntimeError(f"it does not provide the op {name}: {error}") from None
    return {"isa": active_isa(library), "ops": _ops(library)}


def _ops(library: str) -> list[list[str]]:
    """Type and opset of each op that a loaded library provides; empty for one that does not say."""
    return [line.split(" ", 1) for line in (_said(library, "ovext_ops") or "").splitlines()]


def active_isa(library: str) -> str | None:
    """The instruction set that a loaded library chose; None for one that was not built with ovext."""
    return _said(library, "ovext_active_isa")


def _said(library: str, name: str) -> str | None:
    """The text that a function of a loaded library gives; None without one."""
    handle = ctypes.CDLL(library)
    if not hasattr(handle, name):
        return None
    function = handle[name]
    function.restype = ctypes.c_char_p
    text: bytes | None = function()
    return text.decode() if text else None


_TASKS = {
    "compare": "ovext.verify.agree:run",
    "compile-for-gpu": "ovext.verify.gpu:compile_only",
    "attributes": "ovext.verify.prove:attributes",
    "concurrency": "ovext.verify.prove:concurrency",
    "devices": "ovext.verify.gpu:devices",
    "gpu": "ovext.verify.gpu:run",
    "measure": "ovext.verify.measure:run",
    "numbers": "ovext.verify.prove:numbers",
    "opencl-build": "ovext.verify.opencl:build",
    "opencl-runtimes": "ovext.verify.opencl:runtimes",
    "opencl-run": "ovext.verify.opencl:run",
    "refusals": "ovext.verify.prove:refusals",
    "release": "ovext.verify.prove:release",
    "resnet50": "ovext.models.resnet50:run",
}


def _task(name: str) -> Callable[[Request], dict[str, Any]]:
    """The task; only its own modules are imported, since an older OpenVINO may lack what another task needs."""
    if name == "load":
        return load
    module, _, function = _TASKS[name].partition(":")
    task: Callable[[Request], dict[str, Any]] = getattr(importlib.import_module(module), function)
    return task


def _answer(name: str, request: Request) -> dict[str, Any]:
    try:
        return _task(name)(request)
    except RuntimeError as error:  # what OpenVINO throws
        return {"error": str(error).strip(), "where": request.get("library")}


def _talk(answers: int) -> None:
    with os.fdopen(answers, "w", encoding="utf-8") as file:
        for line in sys.stdin:
            request: Request = json.loads(line)
            print(json.dumps(_answer(request["task"], request)), file=file, flush=True)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # at once, even out of a kernel that hangs
    name, answer = sys.argv[1:]
    if name == "talk":
        _talk(int(answer))
    else:
        Path(answer).write_text(json.dumps(_answer(name, json.load(sys.stdin))), encoding="utf-8")


if __name__ == "__main__":
    main()
