"""Signals that end a command: as Ctrl-C does, they end what it started and leave nothing half-made."""

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
    """The process was sent a signal that ends it. No `except Exception` holds it up, and typer does not know it."""

    def __init__(self, number: int) -> None:
        word, self.exit_code = _ENDING[signal.Signals(number)]
        super().__init__(word)


def heed_signals() -> None:
    """Raise StoppedError in the main thread for SIGTERM and SIGHUP, unless this process ignores them.

    Ctrl-C is left to Python: it reaches the processes that were started by itself, since they are in the terminal's
    foreground too.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _stop)


def _stop(number: int, _: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # it is being done
    end_children(number)
    raise StoppedError(number)
