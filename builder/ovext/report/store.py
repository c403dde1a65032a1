"""Reading the JSON of commands, which may be anyone's."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ovext.errors import UsageError
from ovext.files import read_regular
from ovext.report.keep import STAMP, is_running, of_project
from ovext.report.records import Record, read_content

if TYPE_CHECKING:
    from collections.abc import Iterator

_LARGEST = 32 << 20  # bytes
_LONGEST = 2000  # characters of a text
_DEEPEST = 4  # folders below the one that is read
_MOST = 2000  # files
_STAMPED = re.compile(r"-(\d{8}T\d{6}\.\d{6})\.json$")


@dataclass
class Records:
    """What was found below a folder, oldest first, and why files were left out."""

    root: Path = Path()
    found: list[Record] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_records(folder: Path) -> Records:
    """The JSON of commands in a project, or in any folder.

    Raises:
        UsageError: there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}", fix="Name a project, or a folder with the JSON of commands.")
    records = Records(folder)
    files = sorted(_files(folder), key=_written, reverse=True)
    if len(files) > _MOST:
        records.problems.append(f"Only the newest {_MOST:,} of {len(files):,} files were read.")
    for file in files[:_MOST]:
        _read(file, records)
    records.found.sort(key=lambda one: (one.at, str(one.file)))
    return records


def _files(folder: Path) -> Iterator[Path]:
    """The files that may be such JSON, of a project only its products."""
    roots = [folder]
    if (folder / "pyproject.toml").is_file():
        roots = [of_project(folder), folder / "lib", folder / "dist" / "matrix"]
    for root in roots:
        for place, inner, names in os.walk(root):
            if len(Path(place).relative_to(root).parts) >= _DEEPEST:
                inner.clear()
            for name in names:
                is_left = "-running-" in name and not is_running(Path(place))  # by a killed command
                if name.endswith(".json") and not name.endswith(".cdx.json") and not is_left:
                    yield Path(place, name)


def _written(file: Path) -> float:
    """When a command wrote it, in seconds since 1970: by its name, which a copy keeps, else by its time."""
    try:
        if stamp := _STAMPED.search(file.name):
            return datetime.strptime(stamp[1], STAMP).replace(tzinfo=timezone.utc).timestamp()
        return file.stat().st_mtime
    except (OSError, ValueError):
        return 0.0


def printable(data: Any) -> Any:
    """The data with texts that a page can show: no control characters, no half characters, none without an end."""
    if isinstance(data, str):
        shown = "".join(one if one.isprintable() or one in "\n\t" else "\N{REPLACEMENT CHARACTER}" for one in data)
        return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]} ..."
    if isinstance(data, list):
        return [printable(one) for one in data]
    return {printable(name): printable(one) for name, one in data.items()} if isinstance(data, dict) else data


def _read(file: Path, records: Records) -> None:
    name = printable(str(file))
    try:
        content = read_content(printable(json.loads(read_regular(file, _LARGEST))))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        records.problems.append(f"{name}: {place}: {first['msg']}")
    except (OSError, ValueError, RecursionError) as error:
        records.problems.append(printable(f"{name}: {str(error).partition(chr(10))[0][:200]}"))
    else:
        if content is not None:
            records.found.append(Record(file, _written(file), content))
