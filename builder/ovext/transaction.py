"""Change several files of a folder together: all or none of them, also if the process is killed at any instant.

The new files are written into a folder beside them. A journal, put there in one step, makes the change certain; only
then are the files moved. Whoever finds the journal later finishes the change. The folder itself stays the same one,
because shells, and servers in containers, may have it open.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ovext.errors import FilesError
from ovext.files import read_regular, replace_text, writing_to
from ovext.lock import folder_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_STAGED = ".ovext.staged"
_JOURNAL = "journal.json"


def is_inner_name(name: str) -> bool:
    """Whether the name is that of a file in a folder or in a folder below it, and leads nowhere else."""
    parts = PurePosixPath(name).parts
    is_plain = bool(parts) and "/".join(parts) == name and not any(part.startswith(".") for part in parts)
    return is_plain and "\0" not in name and not name.startswith("/")


def change_together(folder: Path, writers: Mapping[str, Callable[[Path], object]], removed: Iterable[str] = ()) -> None:
    """Let each writer write its file, and remove others. The caller holds the folder's lock.

    Args:
        folder: the folder, which exists.
        writers: by the file's name below the folder, what writes it to the path that it receives.
        removed: the names of files that go.

    Raises:
        OSError, FilesError: a file cannot be written; the folder is then unchanged.
    """
    staged = folder / _STAGED
    if staged.is_symlink():
        raise FilesError("this is a symlink, which is not followed", where=staged, fix="Remove it.")
    shutil.rmtree(staged, ignore_errors=True)  # of a process that was killed before it was certain
    removed = sorted(removed)
    try:
        staged.mkdir()
        for name in removed:
            _check_target(folder, name)
        for name, write in writers.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            _check_target(folder, name)
            (staged / name).parent.mkdir(parents=True, exist_ok=True)
            write(staged / name)
        replace_text(staged / _JOURNAL, json.dumps({"put": list(writers), "removed": removed}))
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    _finish(folder)


def is_unfinished(folder: Path) -> bool:
    """Whether a process was killed while it changed the folder, and nobody has finished the change."""
    return (folder / _STAGED / _JOURNAL).is_file()


def finish_change(folder: Path) -> None:
    """Finish a change of the folder that a killed process began, if there is one.

    Raises:
        FilesError: it cannot be finished, for example because the folder is read-only.
    """
    if not is_unfinished(folder):
        return
    with writing_to(folder), folder_lock(folder, "another ovext to publish", lambda _: None):
        finish_locked(folder)


def finish_locked(folder: Path) -> None:
    """As finish_change; the caller holds the folder's lock."""
    if is_unfinished(folder):
        _finish(folder)


def _finish(folder: Path) -> None:
    staged = folder / _STAGED
    put, removed = _journal(staged / _JOURNAL)
    for name in [*put, *removed]:
        _check_target(folder, name)
    for name in put:
        if (staged / name).is_file():  # else it was moved before the process was killed
            (staged / name).replace(folder / name)
    for name in removed:
        (folder / name).unlink(missing_ok=True)
    (staged / _JOURNAL).unlink()
    shutil.rmtree(staged)


def _journal(file: Path) -> tuple[list[str], list[str]]:
    try:
        data = json.loads(read_regular(file))
        return list(map(str, data["put"])), list(map(str, data["removed"]))
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise FilesError(f"this journal cannot be read: {error}", where=file, fix=f"Remove {file.parent}.") from None


def _check_target(folder: Path, name: str) -> None:
    """A name must lead to a file of the folder that can be replaced: not through a symlink, and not over a folder."""
    if not is_inner_name(name):
        raise FilesError(f"the name {name!r} leads out of the folder", where=folder)
    for inner in list((folder / name).parents)[: len(PurePosixPath(name).parts) - 1]:
        if inner.is_symlink():
            raise FilesError("this is a symlink, which is not followed", where=inner, fix="Remove it.")
        if inner.exists() and (not inner.is_dir() or inner.stat().st_dev != folder.stat().st_dev):
            raise FilesError("this is no folder of the same file system", where=inner, fix="Move it away.")
    inner = (folder / name).parent
    if inner.exists() and not os.access(inner, os.W_OK | os.X_OK):
        raise FilesError("this folder cannot be written", where=inner, fix="Change its owner or its mode.")
    if (folder / name).is_dir():
        raise FilesError("there is a folder in the way", where=folder / name, fix="Move it away.")
