"""The current step of a worker: it is written to a file, which the caller reads if the process dies or hangs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

REFERENCE = "computing the reference"


class Phases:
    """Records the next step when called with it."""

    def __init__(self, request: dict[str, Any]) -> None:
        self._path = Path(request["phase_file"])
        self._file = self._path.open("wb", buffering=0)
        self._length = 0

    @property
    def folder(self) -> Path:
        """The worker's folder."""
        return self._path.parent

    def __call__(self, phase: str) -> None:
        text = phase.encode()
        os.pwrite(self._file.fileno(), text.ljust(self._length), 0)  # opening the file each time takes longer
        self._length = len(text)
