"""Where everything loads: a row for each project, OpenVINO and CPU level, a column for each base OS."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ovext.report.overview import KnownCell, Library, Overview
    from ovext.report.records import VerdictData

_MOST_BASES = 24
_UNKNOWN_LEVEL = "any"
_ENVIRONMENT = "OpenVINO "  # begins the target that is no base OS


@dataclass(frozen=True)
class GridCell:
    """Whether a CPU level of a project's library loads on a base OS, and why.

    `state` is loads, fails, unknown, or failed where the build failed.
    """

    state: str
    reason: str


@dataclass(frozen=True)
class GridRow:
    """A project for an OpenVINO at a CPU level."""

    project: str
    openvino: str
    level: str
    cells: dict[str, GridCell]  # by the base OS


@dataclass
class _Group:
    """The libraries of a project for a release, and the cells of a matrix in which it failed."""

    project: str
    openvino: str
    libraries: list[Library] = field(default_factory=list)
    failed: dict[str, KnownCell] = field(default_factory=dict)  # by the base OS

    def levels(self) -> list[str]:
        found = dict.fromkeys(level.id for one in self.libraries for level in one.built.variants)
        return list(found) or [_UNKNOWN_LEVEL]


def base_oses_of(shown: Overview) -> list[str]:
    """Every base OS that something is judged on or was to be built for."""
    inspected = (one.inspected for one in shown.libraries if one.inspected)
    targets = (each.target for one in inspected for each in one.verdicts)
    built = (one.data.base_os for one in shown.cells if one.data.product == "library")
    found = (one for one in dict.fromkeys([*targets, *built]) if not one.startswith(_ENVIRONMENT))
    return list(islice(found, _MOST_BASES))


def grid_of(shown: Overview) -> list[GridRow]:
    """The rows."""
    bases = base_oses_of(shown)
    return [
        GridRow(one.project, one.openvino, level, {base: _cell(shown, one, level, base) for base in bases})
        for one in _groups(shown)
        for level in one.levels()
    ]


def _groups(shown: Overview) -> list[_Group]:
    groups: dict[tuple[str, str], _Group] = {}

    def group(project: str, release: str) -> _Group:
        key = (project.replace("-", "_").lower(), release)
        return groups.setdefault(key, _Group(project, release))

    for library in shown.libraries:
        group(library.built.project.name, library.built.release).libraries.append(library)
    for cell in shown.cells:
        if cell.data.result == "failed" and cell.data.product == "library":
            name = cell.data.name or Path(cell.data.project).name
            group(name, cell.data.release).failed[cell.data.base_os] = cell
    return list(groups.values())


def _cell(shown: Overview, group: _Group, level: str, base_os: str) -> GridCell:
    own = [one for one in group.libraries if one.built.base_os == base_os]
    failed = group.failed.get(base_os)
    if failed and all(one.at <= failed.at for one in own):  # else it was built since
        return GridCell("failed", f"The build failed: {failed.data.reason or 'see its log'}")
    if own and not any(one.inspected for one in own):
        return GridCell("unknown", f"The library for {own[0].where} was not inspected.")
    having = [one for one in group.libraries if level in {each.id for each in one.built.variants}]
    having.sort(key=lambda one: one.built.base_os != base_os)  # that for the base OS itself first
    for library in having:
        verdicts = library.inspected.verdicts if library.inspected else []
        verdict = next((one for one in verdicts if one.target == base_os), None)
        if verdict is not None:
            devices = shown.executed.get((library.built.project.name, level), [])
            proved = f"was executed on {', '.join(devices)}" if devices else "was not executed by a proof"
            return _judged(library, verdict, f"{level} {proved}.")
    return GridCell("unknown", "No library with this level was inspected for it.")


def _judged(library: Library, verdict: VerdictData, proved: str) -> GridCell:
    """What the verdict on a library says of its base OS."""
    of = f"the library for {library.where}"
    if verdict.loads:
        return GridCell("loads", f"By inspection of {of}. {proved}")
    findings = library.inspected.findings if library.inspected else []
    found = [
        one.text
        for one in findings
        if one.code in verdict.errors and (one.targets is None or verdict.target in one.targets)
    ]
    why = "; ".join(dict.fromkeys(found)) or ", ".join(verdict.errors) or "it depends on the CPU"
    return GridCell("unknown" if verdict.loads is None else "fails", f"By inspection of {of}: {why}. {proved}")
