"""A lock on a folder, held until this process and all processes that inherited its descriptor have ended.

No third-party lock is used, because the build must inherit the descriptor: a build that goes on after its ovext was
killed still keeps the next one out.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_POLL_SECONDS = 0.1


def _wait(descriptor: int, given_up: Callable[[], bool]) -> None:
    if threading.current_thread() is threading.main_thread():
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return
    while not given_up():
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_POLL_SECONDS)
        else:
            return
    raise KeyboardInterrupt


@contextmanager
def folder_lock(
    folder: Path, waiting_for: str, talk: Callable[[str], None], given_up: Callable[[], bool] = lambda: False
) -> Iterator[int]:
    """Hold the lock of `folder`, which must exist; yields its descriptor. If it is taken, waits and says for whom.

    A thread that waits looks from time to time whether it is to give up; no signal reaches it.

    Raises:
        KeyboardInterrupt: it gave up.
    """
    descriptor = os.open(folder / ".ovext.lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            talk(f"Waiting for {waiting_for} ({folder})")
            _wait(descriptor, given_up)
        yield descriptor
    finally:
        os.close(descriptor)
