"""The current step of a worker: it is written to a file, which the caller reads if the process dies or hangs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

REFERENCE = "computing the reference"


class Phases:
    """Records the next step when called with it."""

    def __init__(self, request: dict[str, Any]) -> None:
        self._file = Path(request["phase_file"])

    @property
    def folder(self) -> Path:
        """The worker's folder."""
        return self._file.parent

    def __call__(self, phase: str) -> None:
        self._file.write_text(phase, encoding="utf-8")
