"""The worker: `python -m ovext.worker.main FD` answers each line on stdin with a line on that file descriptor.

A request is JSON with its `task`; the answer is JSON, too. A task's own failure is also an answer: {"error": ...}. The
output of libraries goes to stdout and stderr.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from ovext.worker.emulation import EmulationError

if TYPE_CHECKING:
    from collections.abc import Callable

# Otherwise `import openvino` reports each import over the network, from a forked process that can hang for ever,
# because this one waits for its input.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
# The model converter, a quarter of the time that the import takes.
sys.modules["openvino.tools.ovc"] = None  # type: ignore[assignment]

_TASKS = {
    "attributes": "cpu:attributes",
    "compare-models": "compare_models:run",
    "count": "count:run",
    "compile-for-gpu": "gpu:compile_only",
    "devices": "gpu:devices",
    "framework-model": "framework_models:attributes",
    "foreign-instructions": "emulated:foreign",
    "load": "load:run",
    "measure": "measure:run",
    "numbers": "cpu:numbers",
    "numbers-together": "together:run",
    "numbers-on-gpu": "gpu:numbers",
    "numbers-on-opencl": "opencl:numbers",
    "opencl-build": "opencl:build",
    "opencl-devices": "opencl:devices",
    "read": "cpu:read",
    "refusals": "cpu:refusals",
    "release": "cpu:release",
    "requests": "requests:run",
    "same-as": "same_as:run",
    "resnet50": "resnet50:run",
}


def _task(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The task; only its own modules are imported, since an older OpenVINO may lack what another task needs."""
    module, _, function = _TASKS[name].partition(":")
    task: Callable[[dict[str, Any]], dict[str, Any]] = getattr(
        importlib.import_module(f"ovext.worker.tasks.{module}"), function
    )
    return task


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    if request["emulator"]:
        cpus = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cpus[os.getpid() % len(cpus)]})  # OpenVINO then starts no threads
    try:
        importlib.import_module("openvino")
    except Exception as error:  # noqa: BLE001  whatever its own code and libraries raise
        return {"no_openvino": str(error)}
    try:
        if request["preload"]:
            ctypes.CDLL(request["preload"], mode=os.RTLD_GLOBAL | os.RTLD_NOW)
        if request["task"] == "start":
            return {}
        return _task(request["task"])(request)
    except EmulationError as error:
        return {"error": str(error), "ended": error.ended}
    except (RuntimeError, OSError) as error:  # from OpenVINO, and from the loader
        return {"error": str(error).strip(), "is_reference": getattr(error, "is_reference", False)}


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # end at once, even in a kernel that hangs
    is_emulated = False
    with os.fdopen(int(sys.argv[1]), "w", encoding="utf-8") as answers:
        for line in sys.stdin:
            request = json.loads(line)
            print(json.dumps(_answer(request)), file=answers, flush=True)
            is_emulated |= bool(request["emulator"])
    if is_emulated:
        os._exit(0)  # this CPU may not be able to run the library's finalisers


if __name__ == "__main__":
    main()
