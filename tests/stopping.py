"""An ovext that a test stops in the middle of its work."""

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
    """The command in a process group of its own, which is ended with the block."""
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
    """A shell's background jobs, which tests may be, ignore Ctrl-C and hand that on."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def session_members(session: int) -> list[str]:
    """The names of the processes of a session: a command that was started in one, and what it started."""
    members = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            name, _, rest = stat.read_text(errors="replace").rpartition(")")
            state, _, _, its_session = rest.split()[:4]
            if int(its_session) == session and state != "Z":
                members.append(name.partition("(")[2])
    return members


def wait_until(reached: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    """Return once it is so. Fails if the process ends before, or after a time that is long enough for anything."""
    end = time.monotonic() + DEADLINE
    while not reached():
        assert time.monotonic() < end, "it was not reached"
        assert process is None or process.poll() is None, process.communicate()[1]
        os.sched_yield()
