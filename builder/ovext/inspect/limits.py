"""What inspecting a foreign file may cost: it runs in a process of its own, which the system ends at the limits."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ovext.errors import OvextError, UnreadableFileError
from ovext.inspect.strings import printable

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

Result = TypeVar("Result")
_MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What one file may cost."""

    memory: int  # bytes beyond what this process has
    seconds: int  # of processor time
    unpacked: int  # the bytes to which a wheel unpacks

    @classmethod
    def of_size(cls, size: int) -> Limits:
        """The limits for a file of `size` bytes."""
        memory = 4 * size + 300 * _MEGABYTE
        return cls(memory, 2 + -(-size // (10 * _MEGABYTE)), memory)


def children_seconds() -> float:
    """The processor time that all ended processes of this one have taken."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def within_limits(work: Callable[[], Result], limits: Limits) -> Result:
    """The result of `work`, which runs in a forked process.

    Raises:
        UnreadableFileError: it reached a limit or crashed.
        OvextError: what `work` raises.
    """
    context = multiprocessing.get_context("fork")  # the work is a closure, and a new interpreter takes 0.1 s
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(work, limits, sender), daemon=True)
    process.start()
    sender.close()
    try:
        kind, result = receiver.recv()
    except EOFError:
        kind, result = "died", None
    finally:
        receiver.close()
        process.join()
    if kind == "error":
        raise result
    if kind == "memory":
        raise UnreadableFileError(
            f"inspecting it takes more than {limits.memory // _MEGABYTE:,} MB, the limit for its size"
        )
    if kind == "died":
        if process.exitcode in {-signal.SIGXCPU, -signal.SIGKILL}:
            problem = f"inspecting it takes more than {limits.seconds} s of processor time, the limit for its size"
        else:
            problem = f"inspecting it ended the process (exit code {process.exitcode})"
        raise UnreadableFileError(problem)
    answer: Result = result
    return answer


def _work(work: Callable[[], Result], limits: Limits, sender: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    memory = pages * os.sysconf("SC_PAGE_SIZE") + limits.memory
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds, limits.seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        sender.send(("result", work()))
    except OvextError as error:
        sender.send(("error", error))
    except MemoryError:
        sender.send(("memory", None))
    except Exception as error:  # noqa: BLE001  a file that nobody thought of must not hide the others
        sender.send(("error", UnreadableFileError(f"inspecting it failed: {printable(repr(error))}")))
