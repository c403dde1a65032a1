"""What is known of a project or a matrix, put together from the JSON of its commands: the last of each wins."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.report.records import BenchData, BuildData, GpuCheckData, InspectionData, ProofData

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ovext.report.records import (
        BuiltLibraryData,
        DecisionData,
        InspectedFileData,
        MatrixCellData,
        OpBenchData,
        ProofRowData,
        Record,
        VerdictData,
    )
    from ovext.report.store import Records

LEVELS_UNKNOWN = "any"
_ENVIRONMENT = "OpenVINO "  # begins the target that is no base OS


@dataclass(frozen=True)
class Library:
    """A library that was built, where it lies, and its inspection if there is one."""

    built: BuiltLibraryData
    file: Path
    inspected: InspectedFileData | None = None
    decisions: tuple[DecisionData, ...] = ()

    @property
    def where(self) -> str:
        """What tells it from the others of its project."""
        return f"{self.built.base_os or 'any system'}, OpenVINO {', '.join(self.built.openvinos)}"


@dataclass(frozen=True)
class GridCell:
    """Whether a CPU level of a project's library loads on a base OS: yes, no, unknown, or failed to build."""

    state: str
    reason: str


@dataclass(frozen=True)
class GridRow:
    """A project for an OpenVINO at a CPU level."""

    project: str
    openvino: str
    level: str
    cells: dict[str, GridCell]  # by the base OS


@dataclass(frozen=True)
class Overview:
    """All that a report shows."""

    libraries: tuple[Library, ...] = ()
    proofs: tuple[tuple[str, ProofRowData], ...] = ()  # each with its project
    executed: dict[tuple[str, str], list[str]] = field(default_factory=dict)  # devices, by project and variant
    benches: tuple[OpBenchData, ...] = ()
    gpu: GpuCheckData | None = None
    cells: tuple[MatrixCellData, ...] = ()
    problems: tuple[str, ...] = ()
    history: tuple[Record, ...] = ()

    @property
    def base_oses(self) -> list[str]:
        """Every base OS that something is judged on or was built for."""
        inspected = (one.inspected for one in self.libraries if one.inspected)
        targets = [
            each.target for one in inspected for each in one.verdicts if not each.target.startswith(_ENVIRONMENT)
        ]
        built = [one.base_os for one in self.cells if one.product == "library"]
        return list(dict.fromkeys([*targets, *built]))

    def grid(self) -> list[GridRow]:
        """A row for each project, OpenVINO and CPU level."""
        groups = dict.fromkeys((one.built.project.name, ", ".join(one.built.openvinos)) for one in self.libraries)
        failed = [one for one in self.cells if one.result == "failed"]
        for cell in failed:
            groups.setdefault((Path(cell.project).name, cell.openvino.replace(",", ", ")))
        rows = []
        for project, openvino in groups:
            own = [
                one
                for one in self.libraries
                if (one.built.project.name, ", ".join(one.built.openvinos)) == (project, openvino)
            ]
            broken = {
                one.base_os: one
                for one in failed
                if (_plain(Path(one.project).name), one.openvino.replace(",", ", ")) == (_plain(project), openvino)
            }
            levels = dict.fromkeys(level.id for one in own for level in one.built.variants) or {LEVELS_UNKNOWN: None}
            for level in levels:
                cells = {base: self._cell(own, broken.get(base), base, level) for base in self.base_oses}
                rows.append(GridRow(project, openvino, level, cells))
        return rows

    def _cell(self, libraries: Sequence[Library], failed: MatrixCellData | None, base_os: str, level: str) -> GridCell:
        if failed is not None:
            return GridCell("failed", f"The build failed: {failed.reason or 'see its log'}")
        having = [one for one in libraries if level in {each.id for each in one.built.variants}]
        having.sort(key=lambda one: one.built.base_os != base_os)
        for library in having:
            verdict = next((one for one in _verdicts(library) if one.target == base_os), None)
            if verdict is None:
                continue
            of = f"the library for {library.where}"
            devices = self.executed.get((library.built.project.name, level), [])
            proved = f"{level} was executed on {', '.join(devices)}." if devices else f"{level} was not executed."
            if verdict.loads:
                return GridCell("loads", f"By inspection of {of}. {proved}")
            found = (
                [one for one in library.inspected.findings if one.code in verdict.errors] if library.inspected else []
            )
            why = "; ".join(dict.fromkeys(one.text for one in found)) or ", ".join(verdict.errors)
            return GridCell("unknown" if verdict.loads is None else "fails", f"{of}: {why or 'it depends on the CPU'}")
        return GridCell("unknown", "No library with this level was inspected for it.")


def _plain(name: str) -> str:
    return name.replace("-", "_").lower()


def _verdicts(library: Library) -> list[VerdictData]:
    return library.inspected.verdicts if library.inspected else []


def overview(records: Records, inspected: Iterable[InspectedFileData] = ()) -> Overview:
    """Put the records together. `inspected` are further inspections, of files that no record has."""
    libraries: dict[tuple[str, ...], Library] = {}
    proofs: dict[tuple[str, ...], tuple[str, ProofRowData]] = {}
    executed: dict[tuple[str, str], list[str]] = {}
    benches: dict[str, OpBenchData] = {}
    gpu: GpuCheckData | None = None
    cells: dict[str, MatrixCellData] = {}
    by_hash = {one.sha256: one for one in inspected if one.sha256}
    for record in records.found:
        content = record.content
        if isinstance(content, BuildData):
            folder = Path(content.output_dir) if content.output_dir else record.file.parent
            for one in content.libraries:
                key = (one.project.name, one.file, one.base_os or "", *one.openvinos)
                known = libraries.get(key)
                decisions = tuple(content.decisions) or (known.decisions if known else ())
                libraries[key] = Library(one, folder / one.file, decisions=decisions)
        elif isinstance(content, InspectionData):
            by_hash |= {one.sha256: one for one in content.files if one.sha256}
        elif isinstance(content, ProofData):
            for row in content.rows:
                proofs[content.project, row.op, row.check, row.device, row.variant, row.types] = (content.project, row)
            executed |= {(content.project, variant): devices for variant, devices in content.executed.items()}
        elif isinstance(content, BenchData):
            benches |= {one.op: one for one in content.results}
        elif isinstance(content, GpuCheckData):
            gpu = content
        else:
            cells |= {one.cell: one for one in content.cells}
    found = (Library(one.built, one.file, by_hash.get(one.built.sha256), one.decisions) for one in libraries.values())
    return Overview(
        libraries=tuple(found),
        proofs=tuple(proofs.values()),
        executed=executed,
        benches=tuple(benches.values()),
        gpu=gpu,
        cells=tuple(cells.values()),
        problems=tuple(records.problems),
        history=tuple(records.found),
    )
