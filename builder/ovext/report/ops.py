"""What a report shows of each op's proof."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from ovext.report.charts import cases_picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ovext.report.canvas import Picture
    from ovext.report.overview import Overview
    from ovext.report.records import ProofRowData

MOST_PICTURES = 24  # so that the page stays small
_MOST_OPS = 200
_MOST_COLUMNS = 16
_MOST_LINES = 100
_MOST_FAILURES = 20
_CLOSE = 0.5  # of what is allowed


@dataclass(frozen=True)
class HeatCell:
    """What a check of an op found, for a combination of variant and types."""

    state: str  # fine, close, wrong or skipped
    text: str
    detail: str


@dataclass(frozen=True)
class OpPart:
    """What is shown of an op's proof."""

    project: str
    op: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[HeatCell | None, ...]], ...]
    picture: Picture | None
    failures: tuple[tuple[str, str, str], ...]  # the check, what is wrong, and the command that tries it again
    left_out: str  # that there is more


def ops_of(shown: Overview) -> Iterator[OpPart]:
    """The parts, in the order of the proofs."""
    by_op: dict[tuple[str, str], list[ProofRowData]] = {}
    for project, row in shown.proofs:
        by_op.setdefault((project, row.op), []).append(row)
    for number, ((project, op), rows) in enumerate(islice(by_op.items(), _MOST_OPS)):
        yield _part(project, op, rows, number)


def _part(project: str, op: str, rows: Sequence[ProofRowData], number: int) -> OpPart:
    cells = {(_line(row), _column(row)): _heat(row) for row in rows}
    lines, columns = (list(dict.fromkeys(key[at] for key in cells)) for at in (0, 1))
    shown_lines, shown_columns = lines[:_MOST_LINES], tuple(columns[:_MOST_COLUMNS])
    heat = tuple((line, tuple(cells.get((line, column)) for column in shown_columns)) for line in shown_lines)
    failures = [(one.check, one.what, _command(project, one.options)) for row in rows for one in row.failures]
    points: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        if row.points:
            points.setdefault(_column(row), []).extend((one.elements, one.of_tolerance) for one in row.points)
    hidden = {
        "checks": len(lines) - len(shown_lines),
        "variants": len(columns) - len(shown_columns),
        "failures": len(failures) - _MOST_FAILURES,
    }
    return OpPart(
        project,
        op,
        shown_columns,
        heat,
        cases_picture(op, points, number) if points and number < MOST_PICTURES else None,
        tuple(failures[:_MOST_FAILURES]),
        _more(hidden),
    )


def _more(hidden: Mapping[str, int]) -> str:
    return ", ".join(f"{count} more {what}" for what, count in hidden.items() if count > 0)


def _column(row: ProofRowData) -> str:
    return " ".join(filter(None, [row.variant, "" if row.device == "CPU" else row.device])) or row.device


def _line(row: ProofRowData) -> str:
    return f"{row.check} {row.types}".strip()


def _heat(row: ProofRowData) -> HeatCell:
    detail = row.skipped or row.note or f"{row.cases} cases"
    if row.outcome == "wrong":
        return HeatCell("wrong", "✗", row.failures[0].what)
    if row.outcome == "left out":
        return HeatCell("skipped", "-", detail)
    if row.of_tolerance is None:
        return HeatCell("fine", "✓", detail)
    worst = f"{row.of_tolerance:.2g}"
    state = "fine" if row.of_tolerance <= _CLOSE else "close" if row.of_tolerance <= 1 else "wrong"
    return HeatCell(state, worst, f"{detail}; the worst error is {worst} of the tolerance, {row.absolute:.2g} absolute")


def _command(project: str, options: Sequence[str]) -> str:
    return shlex.join(["ovext", "test", project, *options])
