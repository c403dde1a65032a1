"""How results are written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def shortened_path(path: Path) -> str:
    """The path from here where that is shorter to read."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def to_json(data: Any) -> str:
    return json.dumps(data, indent=2, default=str)
