"""Writing files: whole or not at all, and with a sentence when it fails; and telling them apart."""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from ovext.errors import FilesError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_LEFTOVER = ".partial"


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Turn a failure to write into a FilesError about `folder`."""
    try:
        yield
    except OSError as error:
        raise FilesError(
            f"cannot write here: {error.strerror or error}",
            where=error.filename2 or error.filename or folder,  # of a copy, the second is the target
            fix="Choose a folder that can be written, or free some space.",
        ) from None


@contextmanager
def aside(target: Path, write: Callable[[Path], object]) -> Iterator[Callable[[], object]]:
    """Let `write` write a file beside `target`; gives a function that puts it in the target's place in one step.

    Raises:
        OSError: it cannot be written; `target` is then as it was.
    """
    file = target.with_name(f".{target.name}.{os.getpid()}{_LEFTOVER}")
    try:
        write(file)
        yield partial(file.replace, target)
    finally:
        file.unlink(missing_ok=True)


def replace_file(target: Path, write: Callable[[Path], object]) -> None:
    """Let `write` write a file aside, then put it in the place of `target`. Raises what `aside` raises."""
    with aside(target, write) as put_in_place:
        put_in_place()


def replace_text(target: Path, text: str) -> None:
    """Write the text as the whole file `target`, in one step. Raises what `aside` raises."""
    replace_file(target, lambda aside: aside.write_text(text, encoding="utf-8"))


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed process had written aside. The caller holds the folder's lock."""
    for file in folder.glob(f".*{_LEFTOVER}"):
        file.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
