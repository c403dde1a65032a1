"""What is known of a project or a matrix, put together from the JSON of its commands: the last of each wins."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ovext.report.records import BenchData, BuildData, GpuCheckData, InspectionData, MatrixData, ProofData

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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

_MOST = 200  # libraries, cells, benchmarks
_MOST_ROWS = 6000  # of proofs
Kept = TypeVar("Kept")


@dataclass(frozen=True)
class Library:
    """A library that was built, where it lies, and its inspection if there is one."""

    built: BuiltLibraryData
    file: Path
    at: float  # when the record was written, in seconds since 1970
    inspected: InspectedFileData | None = None
    decisions: tuple[DecisionData, ...] = ()

    @property
    def where(self) -> str:
        """What tells it from the others of its project."""
        return f"{self.built.base_os or 'any system'}, OpenVINO {self.built.release}"


@dataclass(frozen=True)
class KnownCell:
    """A cell of a matrix, and when that was known."""

    data: MatrixCellData
    at: float


@dataclass(frozen=True)
class Overview:
    """All that a report shows."""

    root: Path = Path()  # below which its files are
    libraries: tuple[Library, ...] = ()
    proofs: tuple[tuple[str, ProofRowData], ...] = ()  # each with its project
    executed: dict[tuple[str, str], list[str]] = field(default_factory=dict)  # devices, by project and variant
    benches: tuple[tuple[str, OpBenchData], ...] = ()  # each with its project
    gpu: GpuCheckData | None = None
    cells: tuple[KnownCell, ...] = ()
    problems: tuple[str, ...] = ()
    history: tuple[Record, ...] = ()


def overview(records: Records, inspected: Iterable[InspectedFileData] = ()) -> Overview:
    """Put the records together. `inspected` are further inspections, of files that no record has."""
    gathered = _Gathered({one.sha256: one for one in inspected if one.sha256})
    for record in records.found:
        gathered.add(record)
    by_hash = gathered.inspected
    libraries = [
        replace(one, inspected=by_hash.get(one.built.sha256))
        for one in gathered.kept("libraries", gathered.libraries, _MOST)
    ]
    return Overview(
        root=records.root,
        libraries=tuple(libraries),
        proofs=gathered.kept("rows of proofs", gathered.proofs, _MOST_ROWS),
        executed=gathered.executed,
        benches=gathered.kept("benchmarks", gathered.benches, _MOST),
        gpu=gathered.gpu,
        cells=gathered.kept("cells", gathered.cells, _MOST),
        problems=(*records.problems, *gathered.problems),
        history=tuple(records.found),
    )


@dataclass
class _Gathered:
    """The last of each."""

    inspected: dict[str, InspectedFileData]  # by SHA-256
    libraries: dict[tuple[str, ...], Library] = field(default_factory=dict)
    proofs: dict[tuple[str, ...], tuple[str, ProofRowData]] = field(default_factory=dict)
    executed: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    benches: dict[tuple[str, str], tuple[str, OpBenchData]] = field(default_factory=dict)
    cells: dict[str, KnownCell] = field(default_factory=dict)
    gpu: GpuCheckData | None = None
    problems: list[str] = field(default_factory=list)

    def kept(self, what: str, found: Mapping[Any, Kept], most: int) -> tuple[Kept, ...]:
        """As many as a page can show; says so if there are more."""
        if len(found) > most:
            self.problems.append(f"Only the first {most:,} of {len(found):,} {what} are shown.")
        return tuple(islice(found.values(), most))

    def add(self, record: Record) -> None:
        content = record.content
        if isinstance(content, BuildData):
            self._add_build(content, record)
        elif isinstance(content, InspectionData):
            self.inspected |= {one.sha256: one for one in content.files if one.sha256}
        elif isinstance(content, ProofData):
            self._add_proof(content)
        elif isinstance(content, BenchData):
            self.benches |= {(content.project, one.op): (content.project, one) for one in content.results}
        elif isinstance(content, MatrixData):
            self.cells |= {one.cell: KnownCell(one, record.at) for one in content.cells}
        else:
            self.gpu = content

    def _add_build(self, content: BuildData, record: Record) -> None:
        folder = Path(content.output_dir) if content.output_dir else record.file.parent
        for one in content.libraries:
            key = (one.project.name, one.file, one.base_os or "", one.build_type, *one.openvinos)
            known = self.libraries.get(key)
            decisions = tuple(content.decisions) or (known.decisions if known else ())
            self.libraries[key] = Library(one, folder / one.file, record.at, decisions=decisions)

    def _add_proof(self, content: ProofData) -> None:
        rows = {(content.project, row.op, row.check, row.device, row.variant, row.types): row for row in content.rows}
        # A row without types says of a variant that nothing executed it: until something does.
        for key in rows:
            self.proofs.pop((*key[:-1], ""), None)
        self.proofs |= {key: (content.project, row) for key, row in rows.items()}
        self.executed |= {(content.project, variant): devices for variant, devices in content.executed.items()}
