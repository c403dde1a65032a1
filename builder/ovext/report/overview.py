"""What is known of a project or a matrix, put together from the JSON of its commands: the last of each wins."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.report.records import BenchData, BuildData, GpuCheckData, InspectionData, ProofData

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ovext.report.records import (
        BuiltLibraryData,
        DecisionData,
        InspectedFileData,
        MatrixCellData,
        OpBenchData,
        ProofRowData,
        Record,
    )
    from ovext.report.store import Records


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
        kind = "" if self.built.build_type == "Release" else f", {self.built.build_type}"
        return f"{self.built.base_os or 'any system'}, OpenVINO {', '.join(self.built.openvinos)}{kind}"


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
                key = (one.project.name, one.file, one.base_os or "", one.build_type, *one.openvinos)
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
