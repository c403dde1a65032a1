"""Signals that end a command. Like Ctrl-C, they end the processes that it started and leave nothing half-made."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from ovext.errors import ExitCode
from ovext.toolchain.process import end_children

if TYPE_CHECKING:
    from types import FrameType

_ENDING = {
    signal.SIGINT: ("Interrupted", ExitCode.INTERRUPTED),
    signal.SIGTERM: ("Terminated", ExitCode.TERMINATED),
    signal.SIGHUP: ("Hung up", ExitCode.HUNG_UP),
}


class StoppedError(BaseException):
    """The process received a signal that ends it. `except Exception` does not catch it; typer does not handle it."""

    def __init__(self, number: int) -> None:
        word, self.exit_code = _ENDING[signal.Signals(number)]
        super().__init__(word)


def heed_signals() -> None:
    """Raise StoppedError in the main thread for SIGTERM and SIGHUP, unless this process ignores them.

    Python handles Ctrl-C. The terminal also sends it to the processes that this one started, since they are in its
    foreground too.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _stop)


def _stop(number: int, _: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # already stopping
    end_children(number)
    raise StoppedError(number)
