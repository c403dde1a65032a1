"""What inspection and the GPU check state: findings, each of a level."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Level(str, Enum):
    """An error fails or crashes where the product is used; a warning is bad practice; a note is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One fact. `code` names its kind; the documentation of each check lists its kinds."""

    code: str
    level: Level
    text: str
    fix: str = ""
