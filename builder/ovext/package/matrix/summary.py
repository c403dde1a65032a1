"""The results of a matrix, as Markdown and as JSON; and its cells for a workflow."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ovext.files import replace_text, writing_to
from ovext.package.matrix.cells import LIBRARY
from ovext.package.matrix.execute import SUMMARIES, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ovext.package.matrix.cache import Statistics
    from ovext.package.matrix.cells import Cell
    from ovext.package.matrix.execute import CellResult

MARKDOWN, JSON = SUMMARIES


def to_data(results: Sequence[CellResult], seconds: float, statistics: Statistics | None) -> dict[str, Any]:
    """The summary as JSON data."""
    return {
        "schema": 1,
        "seconds": round(seconds, 3),
        "compilations": vars(statistics) if statistics else None,
        "cells": [
            {
                **of_cell(result.cell),
                "result": result.stage.value,
                "seconds": round(result.seconds, 3),
                "reason": result.reason or None,
                "log": str(result.log) if result.log else None,
                "libraries": dict(result.libraries or {}),
            }
            for result in results
        ],
    }


def of_cell(cell: Cell) -> dict[str, str]:
    return {
        "cell": cell.id,
        "project": str(cell.project),
        "name": cell.name,
        "base-os": cell.base_os,
        "openvino": cell.openvino,
        "build-type": cell.build_type,
        "product": cell.product,
    }


def to_markdown(results: Sequence[CellResult], seconds: float, statistics: Statistics | None) -> str:
    """A table of the cells and their results."""
    counts = {stage: sum(result.stage is stage for result in results) for stage in Stage}
    told = ", ".join(f"{count} {stage.value}" for stage, count in counts.items() if count)
    lines = ["| project | base OS | OpenVINO | build type | result | seconds |", "|---|---|---|---|---|---:|"]
    for result in results:
        cell = result.cell
        what = cell.base_os if cell.product == LIBRARY else cell.product
        place = f"{cell.project.name} | {what} | {cell.openvino} | {cell.build_type}"
        reason = f": {result.reason.replace('|', '/')}" if result.reason else ""
        lines.append(f"| {place} | {result.stage.value}{reason} | {result.seconds:.1f} |")
    lines += ["", f"{told} in {seconds:.1f} s."]
    if statistics:
        lines.append(compilations(statistics))
    return "\n".join(lines) + "\n"


def compilations(statistics: Statistics) -> str:
    """A sentence on who compiled."""
    remote = f", {statistics.remote} of them on servers" if statistics.remote else ""
    return f"Compilations: {statistics.hits} from the cache, {statistics.misses} done{remote}."


def write_summary(output: Path, data: dict[str, Any], markdown: str) -> None:
    """Write both into the output folder.

    Raises:
        FilesError: they cannot be written.
    """
    with writing_to(output):
        replace_text(output / JSON, json.dumps(data, indent=2) + "\n")
        replace_text(output / MARKDOWN, markdown)
