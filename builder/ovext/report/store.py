"""Where the JSON of commands is kept for reports, and how it is read again."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ovext.errors import UsageError
from ovext.files import read_regular, replace_text, writing_to
from ovext.report.records import Record, read_content

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "OVEXT_REPORT_DIR"
_OF_PROJECT = Path("build", "reports")
_KEPT = 20  # of each command
_LARGEST = 32 << 20  # bytes
_DEEPEST = 4  # folders below the one that is read
_MOST = 2000  # files


@dataclass
class Records:
    """What was found, oldest first, and why files were left out."""

    found: list[Record] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def report_dir(asked: Path | None, project: Path | None) -> Path | None:
    """Where a command keeps its JSON: where it was told to, else in the project's build folder."""
    if asked is not None:
        return asked
    return project / _OF_PROJECT if project else None


def keep(folder: Path | None, command: str, data: dict[str, Any]) -> None:
    """Write the JSON of a command into the folder, and remove its oldest beyond the last ones.

    Raises:
        FilesError: the folder cannot be written.
    """
    if folder is None:
        return
    stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%f")
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        replace_text(folder / f"{command}-{stamp}.json", json.dumps(data, default=str) + "\n")
        for old in sorted(folder.glob(f"{command}-2*.json"))[:-_KEPT]:
            old.unlink(missing_ok=True)


def read_records(folder: Path) -> Records:
    """The JSON of commands in a project, or in any folder.

    Raises:
        UsageError: there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}", fix="Name a project, or a folder with the JSON of commands.")
    records = Records()
    for file in _files(folder):
        _read(file, records)
    records.found.sort(key=lambda one: (one.at, str(one.file)))
    return records


def _files(folder: Path) -> Iterator[Path]:
    """The files that may be such JSON, of a project only its products."""
    roots = [folder]
    if (folder / "pyproject.toml").is_file():
        roots = [folder / name for name in (_OF_PROJECT, "lib", "dist/matrix") if (folder / name).is_dir()]
    seen = 0
    for root in roots:
        for place, inner, names in os.walk(root):
            if len(Path(place).relative_to(root).parts) >= _DEEPEST:
                inner.clear()
            inner.sort()
            for name in sorted(names):
                if name.endswith(".json") and not name.endswith(".cdx.json") and seen < _MOST:
                    seen += 1
                    yield Path(place, name)


def _read(file: Path, records: Records) -> None:
    try:
        content = read_content(json.loads(read_regular(file, _LARGEST)))
        at = file.stat().st_mtime
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        records.problems.append(f"{file}: {place}: {first['msg']}")
    except (OSError, ValueError, RecursionError) as error:
        records.problems.append(f"{file}: {str(error).partition(chr(10))[0][:200]}")
    else:
        if content is not None:
            records.found.append(Record(file, at, content))
