"""The only place that starts processes."""

from __future__ import annotations

import os
import select
import shlex
import signal
import subprocess
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ovext.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Future

_Result = TypeVar("_Result")
_GRACE_SECONDS = 5.0
_is_stopping = False


@dataclass(frozen=True)
class Finished:
    """A process that has ended, with all its output (stdout and stderr together unless read separately)."""

    command: tuple[str, ...]
    code: int
    output: str
    errors: str = ""

    @property
    def ok(self) -> bool:
        return self.code == 0

    def how_it_ended(self) -> str:
        """Such as `exit code 1`, or `killed by` the name of the signal that ended it."""
        if self.code >= 0:
            return f"exit code {self.code}"
        return f"killed by {signal.Signals(-self.code).name}"

    def complaint(self) -> str:
        """The last line that mentions an error, else the last line; from stderr if it has any, else from stdout."""
        lines = [line.strip() for line in (self.errors or self.output).splitlines() if line.strip()]
        telling = [line for line in lines if "error" in line.lower()] or lines
        return telling[-1] if telling else self.how_it_ended()


class Conversation:
    """A process that answers each line on its stdin with a line on a pipe, whose descriptor is its last argument.

    Its stdout and stderr go into the file `output`.

    Raises:
        ToolError: the program does not exist.
    """

    def __init__(self, command: Sequence[str], *, output: Path, cwd: Path, env: Mapping[str, str]) -> None:
        self._answers, child_end = os.pipe()
        self._rest = b""
        self.command = (*map(str, command), str(child_end))
        self.output = output
        try:
            with output.open("wb") as said, _starting(self.command):
                self._process = subprocess.Popen(
                    self.command,
                    cwd=cwd,
                    env={**os.environ, **env},
                    stdin=subprocess.PIPE,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    pass_fds=[child_end],
                )
        except BaseException:
            os.close(self._answers)
            raise
        finally:
            os.close(child_end)

    def ask(self, line: str, timeout: float) -> str | None:
        """The answer; None if the process ended instead.

        Raises:
            TimeoutError: there was no answer within `timeout` seconds.
        """
        if self._process.stdin is None:
            raise ValueError("the conversation is over")
        with suppress(BrokenPipeError):  # it has ended, as the missing answer will show
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        end = time.monotonic() + timeout
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self._answers], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise TimeoutError
            part = os.read(self._answers, 1 << 16)
            if not part:
                return None
            self._rest += part
        answer, _, self._rest = self._rest.partition(b"\n")
        return answer.decode()

    def end(self, timeout: float) -> Finished:
        """Close the process's stdin and wait for it to end; kill it if it does not end within `timeout` seconds."""
        try:
            self._process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.kill()
        finally:
            if self._answers >= 0:
                os.close(self._answers)
                self._answers = -1
        said = self.output.read_text(encoding="utf-8", errors="replace")
        return Finished(self.command, self._process.returncode, said)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def _starting(command: Sequence[str]) -> Iterator[None]:
    """Wrap the start of a process: a failure becomes a ToolError. While stopping, other threads cannot start any."""
    if _is_stopping and threading.current_thread() is not threading.main_thread():
        raise KeyboardInterrupt
    try:
        yield
    except FileNotFoundError:
        raise ToolError(f"'{command[0]}' was not found") from None
    except OSError as error:
        raise ToolError(f"'{command[0]}' cannot be run: {error.strerror}") from None


def end_children(number: int) -> None:
    """Send a signal to each process that this one started, and to their descendants.

    From now on only the main thread, which cleans up, starts processes.
    """
    global _is_stopping  # noqa: PLW0603  it is the state of the process
    _is_stopping = True
    sent: set[int] = set()
    while fresh := {*_descendants()} - sent:  # a thread may just have started one
        for process in fresh:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, number)
        sent |= fresh


def is_stopping() -> bool:
    """Whether this process is to end, and threads are to give up."""
    return _is_stopping


def stop_threads(running: set[Future[Any]]) -> None:
    """Wait for the processes that threads wait for, as Ctrl-C in a terminal ends them; else send them SIGINT."""
    while running:
        running = wait(running, timeout=_GRACE_SECONDS).not_done
        if running:
            end_children(signal.SIGINT)


def run_together(tasks: Sequence[Callable[[], _Result]], at_once: int) -> list[_Result]:
    """The results of tasks that start processes, in order; `at_once` of them run at a time.

    The first error of a task is raised when the others have ended. Those that have not started do not start.
    """
    with ThreadPoolExecutor(at_once) as pool:
        running = [pool.submit(task) for task in tasks]
        try:
            done, _ = wait(running, return_when=FIRST_EXCEPTION)
            for future in running:
                if future in done:
                    future.result()
            return [future.result() for future in running]
        except BaseException:
            for future in running:
                future.cancel()
            stop_threads({*running})
            raise


def _descendants() -> list[int]:
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            _, _, after_name = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")
            parents[int(stat.parent.name)] = int(after_name.split()[1])
    found = [os.getpid()]
    for one in found:  # grows in the loop
        found += [process for process, parent in parents.items() if parent == one]
    return found[1:]


def cpu_count() -> int:
    """How many CPUs this process may use."""
    return len(os.sched_getaffinity(0))


def shell_line(command: Sequence[str]) -> str:
    return shlex.join(command)


def run(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    timeout: float | None = None,
) -> Finished:
    """Run a command to its end, reading stdout and stderr separately. `env` is added to this process's environment.

    Raises:
        ToolError: the program does not exist, or took longer than `timeout` seconds.
    """
    command = [str(part) for part in command]
    try:
        with _starting(command):
            done = subprocess.run(
                command,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                input=stdin,
                stdin=subprocess.DEVNULL if stdin is None else None,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
                check=False,
            )
    except subprocess.TimeoutExpired:
        raise ToolError(f"'{shell_line(command)}' took longer than {timeout:g} s and was ended") from None
    return Finished(tuple(command), done.returncode, done.stdout, done.stderr)


def stream(
    command: Sequence[str],
    on_line: Callable[[str], None],
    *,
    log: Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    keep_open: Sequence[int] = (),
    stdin: Path = Path(os.devnull),
) -> Finished:
    """Run a command to its end, passing each line to `on_line` as it comes; all output goes into `log` too.

    Its stdin is the file `stdin`.

    File descriptors in `keep_open` stay open in the process, and a lock held by one stays held until the process ends.
    Ctrl-C reaches the process as well. This function waits for it, so that nothing goes on unseen.

    Raises:
        ToolError: the program does not exist.
    """
    command = [str(part) for part in command]
    lines: list[str] = []
    with log.open("a", encoding="utf-8", errors="surrogateescape") as log_file, stdin.open("rb") as given:
        log_file.write(f"$ {shell_line(command)}\n")
        log_file.flush()
        with _starting(command):
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                pass_fds=keep_open,
            )
        try:
            for line in process.stdout or ():
                lines.append(line)
                log_file.write(line)
                on_line(line.rstrip("\n"))
        except BaseException:
            process.send_signal(signal.SIGINT)
            process.wait()
            raise
        code = process.wait()
    return Finished(tuple(command), code, "".join(lines))
