"""The JSON that commands write, as a report reads it: what a report does not show is ignored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from pathlib import Path


_LARGEST = 1e15  # beyond any measurement


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Finding(_Part):
    code: str
    level: str
    text: str
    fix: str | None = ""
    where: str = ""
    accepted: str | None = None


class Verdict(_Part):
    target: str
    loads: bool | None
    errors: list[str] = []


class NeededLibrary(_Part):
    library: str
    needed_by: str
    brought_by: dict[str, str | None] = {}


class CodeOfVariant(_Part):
    functions: int
    size: int


class InspectedFile(_Part):
    """A file of `ovext inspect --json`; one that could not be read has a problem."""

    file: str
    is_fine: bool
    problem: str | None = None
    highest_versions: dict[str, str] = {}
    manylinux: str | None = None
    openvino: str = ""
    needed: list[NeededLibrary] = []
    variants: dict[str, CodeOfVariant] = {}
    findings: list[Finding] = []
    verdicts: list[Verdict] = []
    releases: dict[str, str] = {}
    sha256: str = ""
    size: int = 0
    sections: dict[str, int] = {}
    exports: list[str] = []


class Inspection(_Part):
    """What `ovext inspect --json` writes."""

    files: list[InspectedFile]


class _Project(_Part):
    name: str
    version: str = ""
    license: str | None = None
    commit: str | None = None


class _OpenVINO(_Part):
    version: str


class _Compiler(_Part):
    id: str
    version: str


class _Named(_Part):
    id: str


class _Op(_Part):
    type: str
    opset: str


class Decision(_Part):
    subject: str
    choice: str
    reason: str


class BuiltLibrary(_Part):
    """A library of a manifest."""

    file: str
    size: int = 0
    sha256: str = ""
    project: _Project
    openvino: _OpenVINO
    releases: list[_OpenVINO] = []
    base_os: str | None = None
    engine: str = ""
    compiler: _Compiler | None = None
    variants: list[_Named] = []
    ops: list[_Op] = []

    @property
    def openvinos(self) -> list[str]:
        return [one.version for one in self.releases] or [self.openvino.version]


class Build(_Part):
    """What `ovext build --json` writes, and manifest.json."""

    libraries: list[BuiltLibrary]
    output_dir: str | None = None
    decisions: list[Decision] = []
    seconds: float | None = None


class Point(_Part):
    elements: int
    of_tolerance: float


class Failure(_Part):
    check: str
    what: str
    options: list[str] = []


class ProofRow(_Part):
    op: str
    check: str
    device: str = "CPU"
    variant: str = ""
    types: str = ""
    cases: int = 0
    absolute: float = 0.0
    relative: float = 0.0
    points: list[Point] = []
    failures: list[Failure] = []
    skipped: str = ""
    note: str = ""

    @property
    def of_tolerance(self) -> float | None:
        return max((one.of_tolerance for one in self.points), default=None)


class Proof(_Part):
    """What `ovext test --json` and `ovext gpu run --json` write."""

    project: str
    rows: list[ProofRow]
    executed: dict[str, list[str]] = {}


class BenchRow(_Part):
    case: str
    entry: str
    microseconds: Annotated[float, Field(gt=0, lt=_LARGEST)]
    gigabytes_per_second: Annotated[float, Field(ge=0, lt=_LARGEST)]
    gigaflops: Annotated[float, Field(ge=0, lt=_LARGEST)] | None = None
    of_roof: Annotated[float, Field(ge=0, lt=_LARGEST)]
    noise: Annotated[float, Field(ge=0, lt=_LARGEST)] = 0.0
    times_as_fast_as: dict[str, float] = {}


class BenchTarget(_Part):
    case: str
    baseline: str
    wanted: float
    measured: float
    is_met: bool


class OpBench(_Part):
    op: str
    best_variant: str = ""
    variants: list[str] = []
    peak_gigaflops: float | None = None
    rows: list[BenchRow]
    targets: list[BenchTarget] = []


class Bench(_Part):
    """What `ovext bench --json` writes."""

    results: list[OpBench]


class GpuFinding(_Part):
    code: str
    level: str
    text: str
    fix: str | None = ""
    file: str
    line: int


class Compiled(_Part):
    layer: str
    element: str
    device: str
    ok: bool


class GpuCheck(_Part):
    """What `ovext gpu check --json` writes."""

    layers: list[str]
    findings: list[GpuFinding]
    compiled: list[Compiled] = []


class MatrixCell(_Part):
    cell: str
    project: str
    base_os: str = Field(alias="base-os")
    openvino: str
    build_type: str = Field(alias="build-type")
    product: str = "library"
    result: str
    seconds: float = 0.0
    reason: str | None = None
    libraries: dict[str, str] = {}


class Matrix(_Part):
    """What `ovext matrix` writes as summary.json."""

    cells: list[MatrixCell]
    seconds: float = 0.0


# What tells the JSON of a command, the first that fits.
_KEYS: tuple[tuple[set[str], type[_Part]], ...] = (
    ({"cells"}, Matrix),
    ({"files"}, Inspection),
    ({"results"}, Bench),
    ({"rows", "project"}, Proof),
    ({"layers", "findings"}, GpuCheck),
    ({"libraries"}, Build),
)


@dataclass(frozen=True)
class Record:
    """The JSON of one command, and when it was written (in seconds since 1970)."""

    file: Path
    at: float
    content: Matrix | Inspection | Bench | Proof | GpuCheck | Build


def read_content(data: Any) -> Any:
    """The JSON of a command as one of the models; None if it is of no command that a report shows.

    Raises:
        ValidationError: a value is not what the command writes.
    """
    if not isinstance(data, dict):
        return None
    model = next((model for keys, model in _KEYS if keys <= data.keys()), None)
    return model.model_validate(data) if model else None
