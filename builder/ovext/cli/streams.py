"""stdout and stderr: they may be closed, may not accept every character, and their reader may close them."""

from __future__ import annotations

import codecs
import io
import os
import sys
from pathlib import Path

_PLAIN = {"✓": "+", "✗": "x", "·": ".", "→": "->", "µ": "u", "…": "...", "—": "-", "²": "2", "█": "#", "±": "+-"}
_IN_PLACE = "ovext-plain"


def make_streams_usable() -> None:
    """Open closed streams on /dev/null, and replace characters that a stream does not accept with plainer ones."""
    for number in range(3):  # else the next opened file would get the stream's descriptor
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    codecs.register_error(_IN_PLACE, _plain)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  for good
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_IN_PLACE)


def _plain(error: UnicodeError) -> tuple[bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    unknown = error.object[error.start : error.end]
    return b"".join(map(_bytes_for, unknown)), error.end


def _bytes_for(character: str) -> bytes:
    if "\udc80" <= character <= "\udcff":  # a byte of a file name that is not text (PEP 383)
        return bytes([ord(character) - 0xDC00])
    return _PLAIN.get(character, character).encode("ascii", "backslashreplace")


def let_go_of_streams() -> None:
    """Point stdout and stderr to /dev/null: nobody reads them any more, so nothing must be flushed at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(nowhere, number)
