"""Writing files whole or not at all, with a clear message on failure; and hashing them."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.errors import FilesError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LEFTOVER = ".partial"
LARGEST_TEXT = 64 << 20  # bytes of a file that is read as a whole


def open_regular(path: Path) -> int:
    """The descriptor of a regular file. Nothing else is opened: a FIFO would wait for a writer, a device need not end.

    Raises:
        OSError: it cannot be opened, or is no regular file.
    """
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, "this is not a regular file", str(path))
    return file


def is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # such as a path that is too long
        return False


def read_regular(path: Path, largest: int = LARGEST_TEXT) -> bytes:
    """The content of a regular file that may be anyone's.

    Raises:
        OSError: it cannot be read, is no regular file, or has more than `largest` bytes.
    """
    with os.fdopen(open_regular(path), "rb") as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        raise OSError(errno.EFBIG, f"it has more than {largest:,} bytes", str(path))
    return content


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
def umask(mask: int) -> Iterator[None]:
    """Create files and folders with this umask."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


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


def write_output(target: Path, text: str) -> None:
    """Write the text where the user wants it: into a file in one step, or to a device or a pipe such as /dev/stdout.

    Raises:
        FilesError: it cannot be written.
    """
    with writing_to(target):
        if target.is_relative_to("/dev") or _is_stream(target):
            with target.open("w", encoding="utf-8") as stream:
                stream.write(text)
        else:
            replace_text(target, text)


def _is_stream(target: Path) -> bool:
    try:
        mode = target.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of a killed process. The caller holds the folder's lock."""
    for file in filter(Path.is_file, folder.glob(f".*{_LEFTOVER}")):
        file.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
