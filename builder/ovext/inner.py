"""How an ovext that was started by another ovext hands back its error: as data in a file, not as text."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.errors import OvextError

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "OVEXT_ERROR_FILE"  # the outer ovext sets it to the file's path


def expecting(file: Path) -> dict[str, str]:
    """The variables that make an inner ovext leave its error in `file`. Removes the file of an earlier run."""
    file.unlink(missing_ok=True)
    return {VARIABLE: str(file)}


def is_inner() -> bool:
    """Whether another ovext has started this one."""
    return bool(os.environ.get(VARIABLE))


def hand_back(error: OvextError) -> bool:
    """Write the error where the outer ovext looks for it; False if no outer ovext can show it."""
    if not (file := os.environ.get(VARIABLE)):
        return False
    try:
        Path(file).write_text(json.dumps(error.to_json()), encoding="utf-8")
    except OSError:
        return False
    return True


def take_back(file: Path, log: Path) -> OvextError | None:
    """The error that an inner ovext left in `file`, also appended to its log; None if there is none."""
    error = None
    with suppress(OSError, ValueError, KeyError, TypeError):  # killed while writing it
        error = _error_of(json.loads(file.read_text(encoding="utf-8")))
    file.unlink(missing_ok=True)
    if error is not None:
        with suppress(OSError), log.open("a", encoding="utf-8", errors="surrogateescape") as said:
            said.write(f"error: {error}\n")
    return error


def _error_of(data: dict[str, str | int]) -> OvextError:
    kinds = {kind.__name__: kind for kind in _kinds(OvextError)}
    return kinds.get(str(data["class"]), OvextError).from_json(data)  # another version of ovext may have others


def _kinds(base: type[OvextError]) -> Iterator[type[OvextError]]:
    yield base
    for kind in base.__subclasses__():
        yield from _kinds(kind)
