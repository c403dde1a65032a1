"""Where commands keep their JSON for `ovext report`."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ovext.errors import FilesError
from ovext.files import replace_text, writing_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LOCK = ".running.lock"  # held, shared, by what runs
STAMP = "%Y%m%dT%H%M%S.%f"  # of UTC, in the names of files
_KEPT = 20  # of each command


def keep_for_report(asked: Path | None, project: Path | None, command: str, data: dict[str, Any]) -> None:
    """Keep the JSON of a command where it was told to, else in the project's build folder if that can be written.

    Raises:
        FilesError: the folder that was asked for cannot be written.
    """
    if asked is not None:
        keep(asked, command, data)
    elif project is not None:
        with suppress(FilesError):  # nobody asked for it
            keep(of_project(project), command, data)


def keep(folder: Path, command: str, data: dict[str, Any]) -> None:
    """Write the JSON of a command into the folder, and remove its oldest beyond the last ones.

    Raises:
        FilesError: the folder cannot be written.
    """
    stamp = datetime.now(timezone.utc).strftime(STAMP)
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        replace_text(folder / f"{command}-{stamp}.json", json.dumps(data, default=str) + "\n")
        for old in sorted(folder.glob(f"{command}-2*.json"))[:-_KEPT]:
            old.unlink(missing_ok=True)


@contextmanager
def running(folder: Path, command: str) -> Iterator[Callable[[dict[str, Any]], None]]:
    """While a command goes on, a function that writes what it knows so far beside what others have ended with.

    A folder that cannot be written is no error: nobody asked for it.
    """
    file = folder / f"{command}-running-{os.getpid()}.json"
    with ExitStack() as stack:
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
            stack.callback(os.close, lock)
            _remove_leftovers(folder, lock)
            fcntl.flock(lock, fcntl.LOCK_SH)
            stack.callback(file.unlink, missing_ok=True)

        def tell(data: dict[str, Any]) -> None:
            with suppress(OSError):
                replace_text(file, json.dumps(data, default=str) + "\n")

        yield tell


def _remove_leftovers(folder: Path, lock: int) -> None:
    """Remove what killed commands knew, if no command is running."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    for file in folder.glob("*-running-*.json"):
        file.unlink(missing_ok=True)


def is_running(folder: Path) -> bool:
    """Whether a command that tells what it knows goes on there."""
    try:
        lock = os.open(folder / LOCK, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


def of_project(root: Path) -> Path:
    """Where the commands for a project keep their JSON."""
    return root / "build" / "reports"
