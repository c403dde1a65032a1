"""Send tasks to a worker, a process with a chosen OpenVINO, and report every way in which it can end."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovext.errors import (
    CannotEmulateError,
    LibraryError,
    OpenVINOError,
    ReferenceFailedError,
    ReferenceTooSlowError,
    WorkerDiedError,
)
from ovext.inspect.elf import Elf
from ovext.inspect.payloads import library_of, payloads_of, plain_library
from ovext.toolchain.process import Conversation
from ovext.worker.faults import FAULT_FILE, read_fault
from ovext.worker.phases import REFERENCE
from ovext.worker.sanitizer_reports import first_report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from threading import Event

    from typing_extensions import Self

    from ovext.toolchain.openvino import OpenVINO
    from ovext.toolchain.process import Finished

_END_SECONDS = 20.0  # for unloading the library and exiting
_START_SECONDS = 600.0  # for importing OpenVINO
_STARTS = 5  # how many times the start's time is added to the limit of an answer
_THREAD_SANITIZER = "TSAN_OPTIONS"
_RACES = "races"  # the beginning of the names of its files
_LAST_LINES = 8  # the number of lines that are shown of a dead process's output


class Worker:
    """A process, replaced by a new one if it dies. Used as a context manager; leaving it ends the process.

    Args:
        openvino: the release to run in.
        library: the extension library that the requests are about, if there is one. If it is for a server that brings
            OpenVINO's symbols (LINK host), the process brings them.
        env: variables to set in the process's environment.
        run_under: a command that is put before the process's own.
        emulator: the emulated CPU that runs the library; for the tasks "numbers" and "count" only.
        timeout: seconds that an answer may take; a slow start extends them.
        stop: once it is set, the caller is interrupted.

    Raises:
        OpenVINOError: this OpenVINO has no Python package for this Python.
    """

    def __init__(
        self,
        openvino: OpenVINO,
        library: Path | None = None,
        *,
        env: Mapping[str, str] | None = None,
        run_under: Sequence[str] = (),
        emulator: Mapping[str, Any] | None = None,
        timeout: float = 600.0,
        stop: Event | None = None,
    ) -> None:
        self._env = {**_environment_of(openvino), **(env or {})}
        self._python_path = openvino.python_path
        self._library = library
        self._folder = tempfile.TemporaryDirectory(prefix="ovext-")
        if library is not None and emulator is not None:  # which must load the variants itself
            library = plain_library(library, openvino, Path(self._folder.name))
            self._library = library
        self._common: dict[str, Any] = {"library": None, "preload": None, "emulator": emulator}
        if library is not None:
            preload = None if _needs_openvino(library) else str(openvino.library)
            self._common |= {"library": str(library), "preload": preload}
        self._run_under = run_under
        self._timeout = self._limit = timeout
        self._stop = stop
        self._process: Conversation | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.end(_END_SECONDS)
        self._folder.cleanup()

    def ask(self, task: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The task's answer. `request` and the answer are JSON.

        Raises:
            WorkerDiedError: the process crashed or hung; the next request goes to a new process.
            ReferenceTooSlowError: it hung in the reference.
            ReferenceFailedError: the reference raised an error, which the text has.
            CannotEmulateError: the library does what the emulated CPU cannot.
            LibraryError: the task failed; the text says how.
            OpenVINOError: this Python cannot import this OpenVINO.
            KeyboardInterrupt: `stop` is set.
        """
        if self._stop is not None and self._stop.is_set():
            raise KeyboardInterrupt
        phase = Path(self._folder.name, "phase")
        phase.unlink(missing_ok=True)
        common = {**self._common, "phase_file": str(phase)}
        try:
            process = self._process = self._process or self._started(common)
            answer = process.ask(json.dumps({**request, **common, "task": task}), self._limit)
        except TimeoutError:
            if self._process:
                self._process.kill()
            raise self._hung(phase) from None
        if answer is None:
            raise self._died("", phase)
        if report := self._races():
            self.finish()
            raise _ended(report, "sanitizer")
        result: dict[str, Any] = json.loads(answer)
        if "no_openvino" in result:
            raise OpenVINOError(f"this Python cannot import it: {result['no_openvino']}", where=self._python_path)
        if ended := result.get("ended"):  # the emulated CPU stopped amid a call
            self.finish()
            raise _ended(result["error"], ended) if ended == "hang" else CannotEmulateError(result["error"])
        if "error" in result:
            failed = ReferenceFailedError if result.get("is_reference") else LibraryError
            raise failed(_without_noise(result["error"]), where=self._library)
        return result

    def finish(self) -> Finished | None:
        """End the process, as a program does that is done with the library. Returns None if there is no process."""
        process, self._process = self._process, None
        return process.end(_END_SECONDS) if process else None

    def _started(self, common: Mapping[str, Any]) -> Conversation:
        """A process that has imported OpenVINO. The slower that is here, the longer an answer may take."""
        process = self._process = self._start()
        begin = time.monotonic()
        self._limit = _START_SECONDS
        process.ask(json.dumps({**common, "task": "start"}), self._limit)
        self._limit = round(self._timeout + _STARTS * (time.monotonic() - begin), 1)
        return process

    def _start(self) -> Conversation:
        folder = Path(self._folder.name)  # files in the user's folder must not shadow a module
        (folder / FAULT_FILE).unlink(missing_ok=True)
        env = self._env
        if _THREAD_SANITIZER in env:
            for file in folder.glob(f"{_RACES}.*"):
                file.unlink()
            env = {**env, _THREAD_SANITIZER: f"{env[_THREAD_SANITIZER]}:log_path={folder / _RACES}"}
        command = [*self._run_under, sys.executable, "-m", "ovext.worker.main"]
        return Conversation(command, output=folder / "output", cwd=folder, env=env)

    def _races(self) -> str:
        """What ThreadSanitizer, which lets a process go on, has written about the library."""
        files = Path(self._folder.name).glob(f"{_RACES}.*") if _THREAD_SANITIZER in self._env else ()
        return first_report("\n".join(file.read_text(errors="replace") for file in files))

    def _hung(self, phase: Path) -> LibraryError:
        if phase.is_file() and phase.read_text(encoding="utf-8").rstrip() == REFERENCE:
            self.finish()
            return ReferenceTooSlowError(f"the reference takes more than {self._limit:g} s")
        error = self._died(f"hung, and was ended after {self._limit:g} s,", phase)
        error.ended = "hang"
        return error

    def _died(self, how: str, phase: Path) -> WorkerDiedError:
        finished = self.finish()
        how = how or (f"died ({finished.how_it_ended()})" if finished else "died")
        doing = phase.read_text(encoding="utf-8").rstrip() if phase.is_file() else ""
        during = f" while {doing}" if doing else ""
        lines = finished.output.splitlines() if finished else []
        said = [line for line in lines if line.strip() and "PLEASE submit a bug report" not in line][-_LAST_LINES:]
        if report := first_report("\n".join(lines)):
            return _ended(report, "sanitizer")
        fault = read_fault(phase.with_name(FAULT_FILE))
        what = f"{fault}. The" if fault else "the"
        text = f"{what} process {how}{during}" + "".join(f"\n  {line}" for line in said)
        return _ended(text, "ends" if fault else "crash")


def ask_once(
    openvino: OpenVINO,
    task: str,
    request: Mapping[str, Any],
    library: Path | None = None,
    *,
    env: Mapping[str, str] | None = None,
    emulator: Mapping[str, Any] | None = None,
    timeout: float = 600.0,
    stop: Event | None = None,
) -> dict[str, Any]:
    """The answer of a task in its own process. Raises the same errors as Worker.ask."""
    with Worker(openvino, library, env=env, emulator=emulator, timeout=timeout, stop=stop) as worker:
        return worker.ask(task, request)


def _needs_openvino(library: Path) -> bool:
    elf = Elf(library)
    for payload in payloads_of(elf)[:1]:
        elf = library_of(elf, payload)
    return any(name.startswith("libopenvino.so") for name in elf.strings_of("NEEDED"))


def _environment_of(openvino: OpenVINO) -> dict[str, str]:
    """The variables that this Python needs to import that OpenVINO."""
    if openvino.python_path is None:
        problem = "this OpenVINO comes without its Python package"
        raise OpenVINOError(problem, where=openvino.cmake_dir, fix="Use --openvino VERSION.")
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(openvino.python_path), os.environ.get("PYTHONPATH")]))}


def _ended(text: str, how: str) -> WorkerDiedError:
    error = WorkerDiedError(text)
    error.ended = how
    return error


def _without_noise(text: str) -> str:
    """OpenVINO's message without the locations in its own sources."""
    lines = [line for line in text.splitlines() if line.strip()]
    told = [line for line in lines if not re.match(r"Exception from |Check '", line.strip())]
    return "\n".join(told or lines)
