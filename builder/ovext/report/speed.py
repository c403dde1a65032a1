"""What a report shows of each op's measurements."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from ovext.report.charts import bandwidth_picture, roofline_picture, times_picture
from ovext.report.ops import MOST_PICTURES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ovext.report.canvas import Picture
    from ovext.report.overview import Overview
    from ovext.report.records import BenchRowData, OpBenchData

_MOST_CASES = 8  # in one picture
_MOST_ENTRIES = 7  # as many as there are colours


@dataclass(frozen=True)
class Goal:
    """A goal of a benchmark: how fast, and how much of what is wanted was reached (at most 1)."""

    text: str
    is_met: bool
    share: float


@dataclass(frozen=True)
class BenchPart:
    """What is shown of an op's measurements."""

    project: str
    op: str
    pictures: tuple[Picture, ...]
    goals: tuple[Goal, ...]


def benches_of(shown: Overview) -> Iterator[BenchPart]:
    """The parts, in the order of the benchmarks."""
    for number, (project, bench) in enumerate(shown.benches):
        cases = set(islice(dict.fromkeys(row.case for row in bench.rows), _MOST_CASES))
        entries = set(islice(dict.fromkeys(row.entry for row in bench.rows), _MOST_ENTRIES))
        rows = [row for row in bench.rows if row.case in cases and row.entry in entries]
        pictures = tuple(_pictures(bench, rows, number)) if rows and number < MOST_PICTURES else ()
        yield BenchPart(project, bench.op, pictures, tuple(_goals(bench)))


def _pictures(bench: OpBenchData, rows: Sequence[BenchRowData], number: int) -> Iterator[Picture]:
    """What was reached of the machine's roof, and the times."""
    roofs = [one.gigabytes_per_second / one.of_roof for one in rows if one.of_roof > 0]
    points = [
        (one.entry, one.case, one.gigaflops / one.gigabytes_per_second, one.gigaflops)
        for one in rows
        if one.gigaflops and one.gigabytes_per_second > 0
    ]
    if points and max(roofs, default=0.0) > 0:
        yield roofline_picture(bench.op, points, max(roofs), bench.peak_gigaflops, number)
    else:
        yield bandwidth_picture(bench.op, [(one.case, one.entry, one.of_roof) for one in rows], number)
    yield times_picture(bench.op, [(one.case, one.entry, one.microseconds, one.noise) for one in rows], number)


def _goals(bench: OpBenchData) -> Iterator[Goal]:
    for one in bench.targets:
        verdict = "met" if one.is_met else "not met"
        speed = f"{bench.best_variant} is {one.measured:.2f} times as fast as {one.baseline}"
        share = min(1.0, max(0.0, one.measured / one.wanted)) if one.wanted > 0 else 1.0
        yield Goal(f"{one.case}: {speed}, wanted {one.wanted:g}: {verdict}", one.is_met, share)
