"""How sizes, errors and times changed, where there are several records."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from ovext.report.charts import history_picture
from ovext.report.records import BenchData, BuildData, ProofData

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ovext.report.canvas import Picture
    from ovext.report.records import Record

MANIFEST = "manifest.json"
_MOST_LINES = 6  # in one picture
Value = tuple[str, float]  # and what it is of


def history_pictures(records: Sequence[Record]) -> list[Picture]:
    """A picture for each kind of value that several records have."""
    kinds = {"KiB": _sizes, "worst error / tolerance": _errors, "µs of the first case": _times}
    pictures = []
    for number, (title, values_of) in enumerate(kinds.items()):
        lines: dict[str, list[float]] = {}
        for record in records:
            for name, value in values_of(record):
                lines.setdefault(name, []).append(value)
        several = dict(islice(((name, found) for name, found in lines.items() if len(found) > 1), _MOST_LINES))
        if several:
            pictures.append(history_picture(title, several, number))
    return pictures


def _sizes(record: Record) -> Iterator[Value]:
    if isinstance(record.content, BuildData) and record.file.name != MANIFEST:  # that is a build once more
        for one in record.content.libraries:
            yield f"{one.file}, {one.base_os or 'any system'}", one.size / 1024


def _errors(record: Record) -> Iterator[Value]:
    if isinstance(record.content, ProofData):
        worst: dict[str, float] = {}
        for row in record.content.rows:
            if row.of_tolerance is not None:
                worst[row.op] = max(worst.get(row.op, 0.0), row.of_tolerance)
        yield from worst.items()


def _times(record: Record) -> Iterator[Value]:
    if isinstance(record.content, BenchData):
        for result in record.content.results:
            first = next((row for row in result.rows if row.entry == result.best_variant), None)
            if first is not None:
                yield f"{result.op} {result.best_variant}", first.microseconds
