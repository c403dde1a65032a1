"""The page: everything that a template shows, with its pictures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovext import __version__
from ovext.files import is_file, read_regular
from ovext.report.charts import ceilings_picture, sections_picture
from ovext.report.grid import base_oses_of, grid_of
from ovext.report.history import history_pictures
from ovext.report.ops import ops_of
from ovext.report.speed import benches_of
from ovext.report.store import printable
from ovext.targets.base_os import base_oses

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ovext.report.canvas import Picture
    from ovext.report.compare import Differences
    from ovext.report.overview import Library, Overview
    from ovext.report.records import GpuFindingData

SIGNS = {"loads": "✓", "fails": "✗", "unknown": "?", "failed": "!"}
_SYMBOLS = (".symtab", ".strtab", ".dynsym", ".dynstr", ".gnu.hash", ".hash", ".gnu.version")
_ORDER = {"baseline": 0, "builds for releases": 2, "data": 3, "symbols": 4, "debug": 5}  # variants are 1
_MOST_BARS = 48  # libraries in one picture
_MOST_FINDINGS = 200
_WIDEST = 300  # characters of a line of source
_AROUND = 3  # lines shown before and after a finding
_LARGEST_SOURCE = 1 << 20


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
    return _rendered("comparison.html", title, changes=changes, live=False)


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
        "ops": list(ops_of(shown)),
        "benches": list(benches_of(shown)),
        "gpu": list(_gpu(shown)),
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
    return f"{short}, {library.built.base_os or 'any'}, {library.built.release}"


def _sections(shown: Overview) -> Picture | None:
    inspected = islice((one for one in shown.libraries if one.inspected), _MOST_BARS)
    known = {name_of(one): _parts(one) for one in inspected}
    return sections_picture(known) if any(known.values()) else None


def _parts(library: Library) -> dict[str, int]:
    """What the library's file consists of, and its GPU layers beside it."""
    layers = [library.file.parent / name for one in library.built.layers for name in one.files]
    beside = sum(file.stat().st_size for file in layers if is_file(file))
    parts = parts_of(library.inspected.sections) if library.inspected else {}
    return {**parts, "GPU layers": beside} if beside else parts


def _ceilings(shown: Overview) -> Picture | None:
    found = ((name_of(one), one.inspected) for one in shown.libraries)
    needs = dict(islice(((name, one.highest_versions) for name, one in found if one), _MOST_BARS))
    has = {base.id: {"GLIBC": base.glibc, "GLIBCXX": base.glibcxx} for base in base_oses()}
    return ceilings_picture(needs, has) if needs else None


def _gpu(shown: Overview) -> Iterator[GpuPart]:
    for one in islice(shown.gpu.findings, _MOST_FINDINGS) if shown.gpu else ():
        yield GpuPart(one, tuple(_source(one, shown.root)))


def _source(finding: GpuFindingData, root: Path) -> Iterator[tuple[int, str]]:
    """The lines around a finding, if its file is below the folder that the report is about."""
    file = Path(finding.file)
    try:
        if not file.resolve().is_relative_to(root.resolve()) or not is_file(file):
            return
        lines = read_regular(file, _LARGEST_SOURCE).decode(errors="replace").splitlines()
    except (OSError, RuntimeError, ValueError):
        return
    first = max(1, finding.line - _AROUND)
    for number, line in enumerate(lines[first - 1 : finding.line + _AROUND], start=first):
        yield number, printable(line)[:_WIDEST]
