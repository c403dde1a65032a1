"""The pictures of a report."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from ovext.report.canvas import INK, PALETTE, Canvas, Picture, colour_of, marker_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def sections_picture(sections: Mapping[str, Mapping[str, int]]) -> Picture:
    """What the files of libraries consist of, to scale: a bar for each. `sections` are parts in bytes, by name."""
    parts = list(dict.fromkeys(part for one in sections.values() for part in one))
    canvas = Canvas(0.3 + 0.34 * len(sections))
    (axes,) = canvas.axes
    names = list(sections)[::-1]
    places = range(len(names))
    left = [0.0] * len(names)
    for number, part in enumerate(parts):
        widths = [sections[name].get(part, 0) / 1024 for name in names]
        axes.barh(places, widths, left=left, label=part, color=colour_of(number), height=0.7)
        left = [begin + width for begin, width in zip(left, widths, strict=True)]
    canvas.rows(axes, places, names)
    axes.set_xlabel("KiB")
    axes.grid(axis="y", visible=False)
    canvas.legend(4)
    rows = tuple((name, *(f"{sections[name].get(part, 0):,}" for part in parts)) for name in sections)
    text = f"The sizes of the parts of {_count(len(sections), 'library', 'libraries')}, drawn to scale"
    return Picture(canvas.svg("sections"), text, ("library", *(f"{part}, bytes" for part in parts)), rows)


def ceilings_picture(needs: Mapping[str, Mapping[str, str]], has: Mapping[str, Mapping[str, str]]) -> Picture:
    """The newest versions that libraries need, against what base OSes have. Both are versions by family, by name."""
    families = ("GLIBC", "GLIBCXX")
    canvas = Canvas(0.3 + 0.26 * (len(needs) + len(has)), columns=len(families))
    for axes, family in zip(canvas.axes, families, strict=True):
        names = [*needs, *has][::-1]
        for number, name in enumerate(names):
            is_base = name in has
            version = _last_number((has if is_base else needs)[name].get(family, ""))
            if version is None:
                continue
            axes.plot(
                [version],
                [number],
                marker="|" if is_base else "o",
                markersize=12 if is_base else 7,
                markeredgewidth=3 if is_base else 1,
                color=PALETTE[0] if is_base else PALETTE[1],
                linestyle="none",
            )
        canvas.rows(axes, range(len(names)), names if axes is canvas.axes[0] else [""] * len(names))
        axes.set_xlabel(f"{family}: {'2' if family == 'GLIBC' else '3.4'}.x")
    rows = tuple((name, *(one.get(family, "") for family in families)) for name, one in [*needs.items(), *has.items()])
    text = "The newest versions that libraries need (dots) and that base OSes have (bars): no dot may be right of a bar"
    return Picture(canvas.svg("ceilings"), text, ("", *families), rows)


def cases_picture(op: str, cases: Mapping[str, Sequence[tuple[int, float]]], number: int) -> Picture:
    """The worst error of cases over their size, for each variant: (elements, error in units of the tolerance)."""
    canvas = Canvas(2.0)
    (axes,) = canvas.axes
    thinned = {variant: _thinned(found) for variant, found in islice(cases.items(), len(PALETTE))}
    least = 1e-6
    for at, (variant, found) in enumerate(thinned.items()):
        points = [(max(size, 0.5), min(max(error, least), 1e6)) for size, error in found]
        canvas.series(axes, at, variant, points, markersize=4, alpha=0.8)
    axes.axhline(1, color=PALETTE[1], linewidth=1)
    canvas.logarithmic(axes, "xy")
    axes.set(xlabel="elements of a case", ylabel="error / tolerance", ylim=(least / 2, None))
    canvas.legend(4)
    rows = tuple(
        (variant, f"{size:,}", f"{error:.3g}") for variant, found in thinned.items() for size, error in found[-12:]
    )
    scale = f"above 1 a case fails, and what is below {least:g} is drawn there"
    text = f"{op}: the worst error of cases in units of the tolerance, over their size; {scale}"
    return Picture(canvas.svg(f"cases{number}"), text, ("variant", "elements", "error / tolerance"), rows)


def roofline_picture(
    op: str, points: Sequence[tuple[str, str, float, float]], bandwidth: float, peak: float | None, number: int
) -> Picture:
    """The roof of the machine, and what was reached.

    Args:
        op: its name.
        points: the entry, the case, operations for each byte, and GFLOP/s.
        bandwidth: of a copy, in GB/s.
        peak: in GFLOP/s.
        number: of the picture on the page.
    """
    canvas = Canvas(2.4)
    (axes,) = canvas.axes
    entries = list(dict.fromkeys(one[0] for one in points))
    intensities = [one[2] for one in points]
    low, high = min(intensities) / 4, max([*intensities, *([peak / bandwidth] if peak else [])]) * 4
    roof = [
        (x, min(x * bandwidth, peak) if peak else x * bandwidth)
        for x in (low, *([peak / bandwidth] if peak else []), high)
    ]
    axes.plot(*zip(*roof, strict=True), color=INK, linewidth=1.5, label="roof of this machine")
    for at, entry in enumerate(entries):
        canvas.series(axes, at, entry, [(one[2], one[3]) for one in points if one[0] == entry])
    canvas.logarithmic(axes, "xy")
    axes.set(xlabel="operations for each byte", ylabel="GFLOP/s")
    canvas.legend(3)
    rows = tuple((entry, case, f"{x:.3g}", f"{y:.3g}") for entry, case, x, y in points)
    text = f"{op}: what was reached of the machine's roof, by operations for each byte"
    return Picture(canvas.svg(f"roof{number}"), text, ("entry", "inputs", "operations/byte", "GFLOP/s"), rows)


def bandwidth_picture(op: str, shares: Sequence[tuple[str, str, float]], number: int) -> Picture:
    """What was reached of the speed of a copy, for an op that computes little: the case, the entry, and the share."""
    canvas = Canvas(2.0)
    (axes,) = canvas.axes
    cases = list(dict.fromkeys(one[0] for one in shares))
    for at, entry in enumerate(dict.fromkeys(one[1] for one in shares)):
        own = [(cases.index(case), 100 * share) for case, its, share in shares if its == entry]
        canvas.series(axes, at, entry, own)
    axes.axhline(100, color=INK, linewidth=1.5)
    canvas.columns(axes, cases)
    axes.set(ylabel="% of a copy's speed", ylim=(0, None))
    canvas.legend(4)
    rows = tuple((case, entry, f"{share:.0%}") for case, entry, share in shares)
    text = f"{op}: what each entry reached of the speed at which a copy moves the same bytes"
    return Picture(canvas.svg(f"speed{number}"), text, ("inputs", "entry", "of the roof"), rows)


def times_picture(op: str, times: Sequence[tuple[str, str, float, float]], number: int) -> Picture:
    """Times with their spread: the case, the entry, microseconds, and the noise as a share of them."""
    cases = list(dict.fromkeys(one[0] for one in times))
    canvas = Canvas(0.3 + 0.3 * len(cases))
    (axes,) = canvas.axes
    entries = list(dict.fromkeys(one[1] for one in times))
    for at, entry in enumerate(entries):
        own = [one for one in times if one[1] == entry]
        places = [cases.index(one[0]) + (at / max(1, len(entries) - 1) - 0.5) * 0.6 for one in own]
        axes.errorbar(
            [one[2] for one in own],
            places,
            xerr=[min(one[3], 0.99) * one[2] for one in own],
            fmt=marker_of(at),
            color=colour_of(at),
            ecolor=INK,
            elinewidth=0.8,
            markersize=5,
            label=entry,
        )
    canvas.rows(axes, range(len(cases)), cases)
    axes.invert_yaxis()
    canvas.logarithmic(axes, "x")
    axes.set(xlabel="µs, and how far they spread")
    canvas.legend(4)
    rows = tuple((case, entry, f"{time:,.1f}", f"{noise:.1%}") for case, entry, time, noise in times)
    text = f"{op}: the median time of each entry for each case, and how far the times spread"
    return Picture(canvas.svg(f"times{number}"), text, ("inputs", "entry", "µs", "spread"), rows)


def history_picture(title: str, lines: Mapping[str, Sequence[float]], number: int) -> Picture:
    """How values changed from one record to the next, by what they are of."""
    canvas = Canvas(1.9)
    (axes,) = canvas.axes
    for at, (name, values) in enumerate(lines.items()):
        canvas.series(axes, at, name, enumerate(values, start=1), markersize=4, linestyle="-")
    axes.set(xlabel="records, oldest first", ylabel=title)
    axes.xaxis.get_major_locator().set_params(integer=True)
    canvas.legend(2)
    rows = tuple((name, *(f"{value:.4g}" for value in values)) for name, values in lines.items())
    longest = max(map(len, lines.values()))
    text = f"{title} in the last {longest} records"
    return Picture(canvas.svg(f"history{number}"), text, ("", *(str(one + 1) for one in range(longest))), rows)


def _thinned(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """For each power of two of elements, the case with the largest error."""
    worst: dict[int, tuple[int, float]] = {}
    for size, error in points:
        bucket = size.bit_length()
        if bucket not in worst or error > worst[bucket][1]:
            worst[bucket] = (size, error)
    return sorted(worst.values())


def _last_number(version: str) -> int | None:
    """34 for "2.34"; None for what is no version."""
    match = re.fullmatch(r"[0-9]+(?:\.[0-9]+)*\.([0-9]{1,6})", version)
    return int(match[1]) if match else None


def _count(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"
