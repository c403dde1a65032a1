"""Writing files: whole or not at all, and with a sentence when it fails."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ovext.errors import FilesError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Turn a failure to write into a FilesError about `folder`."""
    try:
        yield
    except OSError as error:
        raise FilesError(
            f"cannot write here: {error.strerror or error}",
            where=error.filename or folder,
            fix="Choose a folder that can be written, or free some space.",
        ) from None


def replace_file(target: Path, write: Callable[[Path], object]) -> None:
    """Let `write` write a file aside, then put it in the place of `target` in one step.

    Raises:
        OSError: it cannot be written; `target` is then as it was.
    """
    aside = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        write(aside)
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)
