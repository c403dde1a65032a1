"""Running a task of worker.py in a new process with a chosen OpenVINO."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovext.errors import LibraryError, OpenVINOError, ToolError
from ovext.toolchain.process import Finished, run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ovext.toolchain.openvino import OpenVINO


def run_in_openvino(
    openvino: OpenVINO,
    task: str,
    request: Mapping[str, Any],
    *,
    env: Mapping[str, str] | None = None,
    timeout: float = 600,
) -> dict[str, Any]:
    """What the task answers. `request` and the answer are JSON.

    Raises:
        LibraryError: the task failed, or its process died or took longer than `timeout` seconds; the text says how.
        OpenVINOError: this OpenVINO has no Python package for this Python.
    """
    python = environment_of(openvino)
    with tempfile.TemporaryDirectory(prefix="ovext-") as folder:
        answer, phase = Path(folder, "answer.json"), Path(folder, "phase")
        try:
            finished = run(
                [sys.executable, "-m", "ovext.verify.worker", task, str(answer)],
                cwd=Path(folder),  # what lies in the user's folder must not stand in for a module
                env={**python, **(env or {})},
                stdin=json.dumps({**request, "phase_file": str(phase)}),
                timeout=timeout,
            )
        except ToolError:
            raise LibraryError(
                f"the process for '{task}' hung{_while(phase)} and was ended after {timeout:g} s"
            ) from None
        if not answer.is_file():
            raise _died(task, phase, finished)
        result: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    if "no_openvino" in result:
        raise OpenVINOError(f"this Python cannot import it: {result['no_openvino']}", where=openvino.python_path)
    if "error" in result:
        raise LibraryError(result["error"], where=result.get("where"))
    return {**result, "output": finished.output}


def environment_of(openvino: OpenVINO) -> dict[str, str]:
    """What must be set for this Python to import that OpenVINO.

    Raises:
        OpenVINOError: it has no Python package.
    """
    if openvino.python_path is None:
        problem = "this OpenVINO comes without its Python package"
        raise OpenVINOError(problem, where=openvino.cmake_dir, fix="Use --openvino VERSION.")
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(openvino.python_path), os.environ.get("PYTHONPATH")]))}


def without_noise(text: str) -> str:
    """OpenVINO's message without the places in its own sources."""
    lines = [line for line in text.splitlines() if line.strip()]
    told = [line for line in lines if not re.match(r"Exception from |Check '", line.strip())]
    return "\n".join(told or lines)


def _while(phase: Path) -> str:
    return f" while {phase.read_text(encoding='utf-8')}" if phase.is_file() else ""


def _died(task: str, phase: Path, finished: Finished) -> LibraryError:
    lines = (finished.errors or finished.output).strip().splitlines()
    said = [line for line in lines if line.strip() and "PLEASE submit a bug report" not in line][-8:]
    return LibraryError(
        f"the process for '{task}' died{_while(phase)}: {finished.how_it_ended()}"
        + "".join(f"\n  {line}" for line in said)
    )
