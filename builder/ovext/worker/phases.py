"""What a worker is doing: it writes so to a file, and whoever asked reads it should the process die or hang."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class Phases:
    """Called with what is done next."""

    def __init__(self, request: dict[str, Any]) -> None:
        self._file = Path(request["phase_file"])

    def __call__(self, phase: str) -> None:
        self._file.write_text(phase, encoding="utf-8")
