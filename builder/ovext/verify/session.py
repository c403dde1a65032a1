"""A worker that keeps a library loaded and answers one request after another."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovext.errors import LibraryError, OpenVINOError
from ovext.toolchain.process import Conversation
from ovext.verify.child import environment_of, without_noise

if TYPE_CHECKING:
    from collections.abc import Mapping
    from threading import Event

    from typing_extensions import Self

    from ovext.toolchain.openvino import OpenVINO
    from ovext.toolchain.process import Finished

_END = 20.0  # seconds for unloading the library and leaving


class WorkerDiedError(LibraryError):
    """The process of the library crashed or hung; the text says over what."""


class Session:
    """Workers one after another, should one die. Used as a context; leaving it ends the worker.

    Args:
        openvino: the release to run in.
        library: the library that every request is about.
        env: set in the worker's environment.
        timeout: seconds that an answer may take.
        stop: once it is set, whoever asks is interrupted.

    Raises:
        OpenVINOError: this OpenVINO has no Python package for this Python.
    """

    def __init__(
        self, openvino: OpenVINO, library: Path, *, env: Mapping[str, str], timeout: float, stop: Event
    ) -> None:
        self._env = {**environment_of(openvino), **env}
        self._library = library
        self._where = openvino.python_path
        self._timeout = timeout
        self._stop = stop
        self._folder = tempfile.TemporaryDirectory(prefix="ovext-")
        self._worker: Conversation | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._worker is not None:
            self._worker.kill()
            self._worker.end(_END)
        self._folder.cleanup()

    def ask(self, task: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """What the task answers.

        Raises:
            WorkerDiedError: the process crashed or hung; the next request goes to a new one.
            LibraryError: the task failed; the text says how.
            OpenVINOError: this Python cannot import this OpenVINO.
            KeyboardInterrupt: the user does not want to know any more.
        """
        if self._stop.is_set():
            raise KeyboardInterrupt
        phase = Path(self._folder.name, "phase")
        phase.unlink(missing_ok=True)
        worker = self._worker = self._worker or self._start()
        full = {**request, "task": task, "library": str(self._library), "phase_file": str(phase)}
        try:
            answer = worker.ask(json.dumps(full), self._timeout)
        except TimeoutError:
            worker.kill()
            raise self._died(f"hung, and was ended after {self._timeout:g} s,", phase) from None
        if answer is None:
            raise self._died("", phase)
        result: dict[str, Any] = json.loads(answer)
        if "no_openvino" in result:
            raise OpenVINOError(f"this Python cannot import it: {result['no_openvino']}", where=self._where)
        if "error" in result:
            raise LibraryError(without_noise(result["error"]))
        return result

    def finish(self) -> Finished | None:
        """End the worker as a program ends that is done with the library; None where there is none."""
        worker, self._worker = self._worker, None
        return worker.end(_END) if worker else None

    def _start(self) -> Conversation:
        command = [sys.executable, "-m", "ovext.verify.worker", "talk"]
        folder = Path(self._folder.name)
        return Conversation(command, output=folder / "output", cwd=folder, env=self._env)

    def _died(self, how: str, phase: Path) -> WorkerDiedError:
        finished = self.finish()
        how = how or (f"died ({finished.how_it_ended()})" if finished else "died")
        lines = finished.output.strip().splitlines()[-4:] if finished else []
        during = f" while {phase.read_text(encoding='utf-8')}" if phase.is_file() else ""
        return WorkerDiedError(f"the process {how}{during}" + "".join(f"\n  {line}" for line in lines))
