"""The JSON that commands write, as a report reads it: what a report does not show is ignored. Each class is a part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from pathlib import Path


_LARGEST = 1e15  # beyond any measurement


_WORST = 1e9  # an error beyond which nobody asks how large it is
Size = Annotated[int, Field(ge=0, lt=1 << 62)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class FindingData(_Part):
    code: str
    level: str
    text: str
    fix: str | None = ""
    where: str = ""
    targets: list[str] | None = None
    accepted: str | None = None


class VerdictData(_Part):
    target: str
    loads: bool | None
    errors: list[str] = []


class NeededLibraryData(_Part):
    library: str
    needed_by: str
    brought_by: dict[str, str | None] = {}


class CodeOfVariantData(_Part):
    functions: int
    size: Size


class InspectedFileData(_Part):
    """A file of `ovext inspect --json`; one that could not be read has a problem."""

    file: str
    is_fine: bool
    problem: str | None = None
    highest_versions: dict[str, str] = {}
    manylinux: str | None = None
    openvino: str = ""
    needed: list[NeededLibraryData] = []
    variants: dict[str, CodeOfVariantData] = {}
    findings: list[FindingData] = []
    verdicts: list[VerdictData] = []
    releases: dict[str, str] = {}
    sha256: str = ""
    size: Size = 0
    sections: dict[str, Size] = {}
    exports: list[str] = []


class InspectionData(_Part):
    """What `ovext inspect --json` writes."""

    files: list[InspectedFileData]


class ProjectData(_Part):
    name: str
    version: str = ""
    license: str | None = None
    commit: str | None = None


class OpenVINOData(_Part):
    version: str


class CompilerData(_Part):
    id: str
    version: str


class NamedData(_Part):
    id: str


class OpData(_Part):
    type: str
    opset: str


class DecisionData(_Part):
    subject: str
    choice: str
    reason: str


class LayerData(_Part):
    files: dict[str, str] = {}  # SHA-256 by path


class AcceptanceData(_Part):
    finding: str
    in_: str = Field(default="*", validation_alias=AliasChoices("in", "in_"))
    reason: str = ""


class BuiltLibraryData(_Part):
    """A library of a manifest."""

    file: str
    size: Size = 0
    sha256: str = ""
    project: ProjectData
    openvino: OpenVINOData
    releases: list[OpenVINOData] = []
    base_os: str | None = None
    engine: str = ""
    build_type: str = "Release"
    compiler: CompilerData | None = None
    variants: list[NamedData] = []
    ops: list[OpData] = []
    layers: list[LayerData] = []
    provides: list[str] = []
    accept: list[AcceptanceData] = []
    fp_contract: str = "off"

    @property
    def openvinos(self) -> list[str]:
        return [one.version for one in self.releases] or [self.openvino.version]

    @property
    def release(self) -> str:
        """What it is for: releases of OpenVINO, and the build type if it is not the usual one."""
        return _release(self.openvinos, self.build_type)


class BuildData(_Part):
    """What `ovext build --json` writes, and manifest.json."""

    libraries: list[BuiltLibraryData]
    output_dir: str | None = None
    decisions: list[DecisionData] = []
    seconds: float | None = None


class PointData(_Part):
    elements: Size
    of_tolerance: Annotated[float, AfterValidator(lambda value: min(max(value, 0.0), _WORST))]


class FailureData(_Part):
    check: str
    what: str
    options: list[str] = []


class ProofRowData(_Part):
    op: str
    check: str
    device: str = "CPU"
    variant: str = ""
    types: str = ""
    cases: Size = 0
    absolute: float = 0.0
    relative: float = 0.0
    points: list[PointData] = []
    failures: list[FailureData] = []
    skipped: str = ""
    note: str = ""

    @property
    def outcome(self) -> str:
        return "wrong" if self.failures else "left out" if self.skipped or not self.cases else "fine"

    @property
    def of_tolerance(self) -> float | None:
        return max((one.of_tolerance for one in self.points), default=None)


class ProofData(_Part):
    """What `ovext test --json` and `ovext gpu run --json` write."""

    project: str
    rows: list[ProofRowData]
    executed: dict[str, list[str]] = {}


class BenchRowData(_Part):
    case: str
    entry: str
    microseconds: Annotated[float, Field(gt=0, lt=_LARGEST)]
    gigabytes_per_second: Annotated[float, Field(ge=0, lt=_LARGEST)]
    gigaflops: Annotated[float, Field(ge=0, lt=_LARGEST)] | None = None
    of_roof: Annotated[float, Field(ge=0, lt=_LARGEST)]
    noise: Annotated[float, Field(ge=0, lt=_LARGEST)] = 0.0
    times_as_fast_as: dict[str, float] = {}


class BenchTargetData(_Part):
    case: str
    baseline: str
    wanted: Annotated[float, Field(ge=0, lt=_LARGEST)]
    measured: Annotated[float, Field(ge=0, lt=_LARGEST)]
    is_met: bool


class OpBenchData(_Part):
    op: str
    best_variant: str = ""
    variants: list[str] = []
    peak_gigaflops: Annotated[float, Field(gt=0, lt=_LARGEST)] | None = None
    rows: list[BenchRowData]
    targets: list[BenchTargetData] = []


class BenchData(_Part):
    """What `ovext bench --json` writes."""

    results: list[OpBenchData]
    project: str = ""


class GpuFindingData(_Part):
    code: str
    level: str
    text: str
    fix: str | None = ""
    file: str
    line: Annotated[int, Field(ge=0, lt=1 << 31)]


class CompiledData(_Part):
    layer: str
    element: str
    device: str
    ok: bool


class GpuCheckData(_Part):
    """What `ovext gpu check --json` writes."""

    layers: list[str]
    findings: list[GpuFindingData]
    compiled: list[CompiledData] = []


def _release(openvinos: list[str], build_type: str) -> str:
    return ", ".join([*openvinos, *([] if build_type == "Release" else [build_type])])


class MatrixCellData(_Part):
    cell: str
    project: str  # its folder
    name: str = ""  # of the project
    base_os: str = Field(alias="base-os")
    openvino: str
    build_type: str = Field(alias="build-type")
    product: str = "library"
    result: str
    seconds: Annotated[float, Field(ge=0, lt=_LARGEST)] = 0.0
    reason: str | None = None
    libraries: dict[str, str] = {}

    @property
    def release(self) -> str:
        return _release(self.openvino.split(","), self.build_type)


class MatrixData(_Part):
    """What `ovext matrix` writes as summary.json."""

    cells: list[MatrixCellData]
    seconds: Annotated[float, Field(ge=0, lt=_LARGEST)] = 0.0


# What tells the JSON of a command, the first that fits.
_KEYS: tuple[tuple[set[str], type[_Part]], ...] = (
    ({"cells"}, MatrixData),
    ({"files"}, InspectionData),
    ({"results"}, BenchData),
    ({"rows", "project"}, ProofData),
    ({"layers", "findings"}, GpuCheckData),
    ({"libraries"}, BuildData),
)


@dataclass(frozen=True)
class Record:
    """The JSON of one command, and when it was written (in seconds since 1970)."""

    file: Path
    at: float
    content: MatrixData | InspectionData | BenchData | ProofData | GpuCheckData | BuildData


def read_content(data: Any) -> Any:
    """The JSON of a command as one of the models; None if it is of no command that a report shows.

    Raises:
        ValidationError: a value is not what the command writes.
    """
    if not isinstance(data, dict):
        return None
    model = next((model for keys, model in _KEYS if keys <= data.keys()), None)
    return model.model_validate(data) if model else None
