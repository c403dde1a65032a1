"""Writing files whole or not at all, with a clear message on failure; and hashing them."""

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
            where=error.filename2 or error.filename or folder,  # when copying, filename2 is the target
            fix="Choose a folder that can be written, or free some space.",
        ) from None


@contextmanager
def aside(target: Path, write: Callable[[Path], object]) -> Iterator[Callable[[], object]]:
    """Let `write` write a file beside `target`; yields a function that replaces the target with it in one step.

    Raises:
        OSError: the file cannot be written; `target` is then unchanged.
    """
    file = target.with_name(f".{target.name}.{os.getpid()}{_LEFTOVER}")
    try:
        write(file)
        yield partial(file.replace, target)
    finally:
        file.unlink(missing_ok=True)


def replace_file(target: Path, write: Callable[[Path], object]) -> None:
    """Let `write` write a temporary file, then replace `target` with it. Raises what `aside` raises."""
    with aside(target, write) as put_in_place:
        put_in_place()


def replace_text(target: Path, text: str) -> None:
    """Replace the file `target` with the text, in one step. Raises what `aside` raises."""
    replace_file(target, lambda aside: aside.write_text(text, encoding="utf-8"))


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of a killed process. The caller holds the folder's lock."""
    for file in folder.glob(f".*{_LEFTOVER}"):
        file.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
