"""An ovext process that a test stops in the middle of its work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEADLINE = 120


@contextmanager
def running_ovext(*arguments: str | Path, cwd: Path, **env: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command in its own process group, which is killed at the end of the block."""
    with subprocess.Popen(
        [sys.executable, "-m", "ovext", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_heed_ctrl_c,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def _heed_ctrl_c() -> None:
    """Restore Ctrl-C: tests may be background jobs of a shell, which ignore it, and child processes inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def session_members(session: int) -> list[str]:
    """The names of the processes in a session: a command started in it, and the processes that it started."""
    members = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            name, _, rest = stat.read_text(errors="replace").rpartition(")")
            state, _, _, its_session = rest.split()[:4]
            if int(its_session) == session and state != "Z":
                members.append(name.partition("(")[2])
    return members


def wait_until(reached: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    """Return once the condition holds. Fail if the process ends before that, or after a generous time limit."""
    end = time.monotonic() + DEADLINE
    while not reached():
        assert time.monotonic() < end, "it was not reached"
        assert process is None or process.poll() is None, process.communicate()[1]
        os.sched_yield()
