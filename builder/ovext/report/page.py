"""The page: everything that a template shows, with its pictures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovext import __version__
from ovext.files import is_file
from ovext.report.charts import (
    bandwidth_picture,
    cases_picture,
    ceilings_picture,
    roofline_picture,
    sections_picture,
    times_picture,
)
from ovext.report.grid import base_oses_of, grid_of
from ovext.report.history import history_pictures
from ovext.targets.base_os import base_oses

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ovext.report.canvas import Picture
    from ovext.report.compare import Differences
    from ovext.report.overview import Library, Overview
    from ovext.report.records import GpuFindingData, OpBenchData, ProofRowData

SIGNS = {"loads": "✓", "fails": "✗", "unknown": "?", "failed": "!"}
_SYMBOLS = (".symtab", ".strtab", ".dynsym", ".dynstr", ".gnu.hash", ".hash", ".gnu.version")
_ORDER = {"baseline": 0, "builds for releases": 2, "data": 3, "symbols": 4, "debug": 5}  # variants are 1
_MOST_PICTURES = 24  # of ops, so that the page stays small
_MOST_CASES = 12  # of a benchmark in one picture
_AROUND = 3  # lines shown before and after a finding
_LARGEST_SOURCE = 1 << 20


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


@dataclass(frozen=True)
class BenchPart:
    """What is shown of an op's measurements."""

    bench: OpBenchData
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class GpuPart:
    """A finding about a GPU layer, with the lines around it."""

    finding: GpuFindingData
    lines: tuple[tuple[int, str], ...]


def render_page(shown: Overview, title: str, *, live: bool = False) -> str:
    """The page as HTML. A live one asks its server for news.

    Raises:
        ToolError: matplotlib is not installed.
    """
    return _rendered("report.html", title, **_content(shown), live=live)


def render_comparison(changes: Sequence[Differences], title: str) -> str:
    """What changed between two builds, as HTML."""
    return _rendered("comparison.html", title, changes=changes)


def _rendered(template: str, title: str, **content: Any) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415  only reports need it

    environment = Environment(
        loader=PackageLoader("ovext.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    return environment.get_template(template).render(title=title, made=made, ovext=__version__, **content)


def _content(shown: Overview) -> dict[str, Any]:
    return {
        "signs": SIGNS,
        "shown": shown,
        "base_oses": base_oses_of(shown),
        "grid": grid_of(shown),
        "sections": _sections(shown),
        "ceilings": _ceilings(shown),
        "ops": list(_ops(shown)),
        "benches": [_bench(one, number) for number, one in enumerate(shown.benches)],
        "gpu": [GpuPart(one, tuple(_source(one))) for one in (shown.gpu.findings if shown.gpu else [])],
        "history": history_pictures(shown.history),
    }


def parts_of(sections: dict[str, int]) -> dict[str, int]:
    """The sizes of what a file consists of, from those of its sections: the code first."""
    parts: Counter[str] = Counter()
    for name, size in sections.items():
        parts[_part(name)] += size
    return {name: parts[name] for name in sorted(parts, key=lambda one: _ORDER.get(one, 1))}


def _part(section: str) -> str:
    for begin in ("ovext_text_", "ovext_init_", "ovext_fini_"):
        if section.startswith(begin):
            return section.removeprefix(begin)
    if section.startswith("ovext_payload"):
        return "builds for releases"
    if section in {".text", ".plt", ".plt.got", ".plt.sec", ".init", ".fini"}:
        return "baseline"
    return "symbols" if section.startswith(_SYMBOLS) else "debug" if section.startswith(".debug") else "data"


def name_of(library: Library) -> str:
    short = library.built.file.removeprefix("lib").removesuffix("_cpu_extension.so")
    return f"{short}, {library.built.base_os or 'any'}, {', '.join(library.built.openvinos)}"


def _sections(shown: Overview) -> Picture | None:
    known = {name_of(one): _parts(one) for one in shown.libraries if one.inspected}
    return sections_picture(known) if any(known.values()) else None


def _parts(library: Library) -> dict[str, int]:
    """What the library's file consists of, and its GPU layers beside it."""
    layers = [library.file.parent / name for one in library.built.layers for name in one.files]
    beside = sum(file.stat().st_size for file in layers if is_file(file))
    parts = parts_of(library.inspected.sections) if library.inspected else {}
    return {**parts, "GPU layers": beside} if beside else parts


def _ceilings(shown: Overview) -> Picture | None:
    needs = {name_of(one): one.inspected.highest_versions for one in shown.libraries if one.inspected}
    has = {base.id: {"GLIBC": base.glibc, "GLIBCXX": base.glibcxx} for base in base_oses()}
    return ceilings_picture(needs, has) if needs else None


def _ops(shown: Overview) -> Iterator[OpPart]:
    for number, (project, op) in enumerate(dict.fromkeys((project, row.op) for project, row in shown.proofs)):
        rows = [row for its, row in shown.proofs if (its, row.op) == (project, op)]
        columns = tuple(dict.fromkeys(_column(row) for row in rows))
        heat = {
            check: tuple(_heat(rows, check, column) for column in columns)
            for check in dict.fromkeys(_line(row) for row in rows)
        }
        points: dict[str, list[tuple[int, float]]] = {}
        for row in rows:
            if row.points:
                points.setdefault(_column(row), []).extend((one.elements, one.of_tolerance) for one in row.points)
        failures = tuple((row.check, one.what, _command(project, one.options)) for row in rows for one in row.failures)
        picture = cases_picture(op, points, number) if points and number < _MOST_PICTURES else None
        yield OpPart(project, op, columns, tuple(heat.items()), picture, failures)


def _column(row: ProofRowData) -> str:
    return " ".join(filter(None, [row.variant, "" if row.device == "CPU" else row.device])) or row.device


def _line(row: ProofRowData) -> str:
    return f"{row.check} {row.types}".strip()


def _heat(rows: Sequence[ProofRowData], check: str, column: str) -> HeatCell | None:
    row = next((one for one in rows if (_line(one), _column(one)) == (check, column)), None)
    if row is None:
        return None
    detail = row.skipped or row.note or f"{row.cases} cases"
    if row.failures:
        return HeatCell("wrong", "✗", row.failures[0].what)
    if row.skipped:
        return HeatCell("skipped", "-", detail)
    if row.of_tolerance is None:
        return HeatCell("fine", "✓", detail)
    worst = f"{row.of_tolerance:.2g}"
    state = "fine" if row.of_tolerance <= 0.5 else "close"  # noqa: PLR2004  half of what is allowed
    return HeatCell(state, worst, f"{detail}; the worst error is {worst} of the tolerance, {row.absolute:.2g} absolute")


def _command(project: str, options: Sequence[str]) -> str:
    import shlex  # noqa: PLC0415  only for failures

    return shlex.join(["ovext", "test", project, *options])


def _bench(bench: OpBenchData, number: int) -> BenchPart:
    cases = set(islice(dict.fromkeys(row.case for row in bench.rows), _MOST_CASES))
    rows = [row for row in bench.rows if row.case in cases]
    if not rows or number >= _MOST_PICTURES:
        return BenchPart(bench, ())
    times = times_picture(bench.op, [(one.case, one.entry, one.microseconds, one.noise) for one in rows], number)
    copies = [one.gigabytes_per_second for one in rows if one.entry == "memory copy"]
    copies += [one.gigabytes_per_second / one.of_roof for one in rows if one.of_roof > 0]
    bandwidth = max(copies[:1] or [1.0])
    points = [
        (one.entry, one.case, one.gigaflops / one.gigabytes_per_second, one.gigaflops)
        for one in rows
        if one.gigaflops and one.gigabytes_per_second > 0
    ]
    if points:
        reached = roofline_picture(bench.op, points, bandwidth, bench.peak_gigaflops, number)
    else:
        speeds = [(one.case, one.entry, one.gigabytes_per_second) for one in rows]
        reached = bandwidth_picture(bench.op, speeds, bandwidth, number)
    return BenchPart(bench, (reached, times))


def _source(finding: GpuFindingData) -> Iterator[tuple[int, str]]:
    """The lines around a finding, if the file is there."""
    file = Path(finding.file)
    try:
        if not is_file(file) or file.stat().st_size > _LARGEST_SOURCE:
            return
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    first = max(1, finding.line - _AROUND)
    yield from enumerate(lines[first - 1 : finding.line + _AROUND], start=first)
