"""manifest.json: what is in an output folder, and what it was built from.

It contains no time and no path of the machine, so that the same build writes the same manifest.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ovext.build.cmake_report import kernel_flags
from ovext.errors import FilesError
from ovext.files import read_regular, sha256_of
from ovext.project.settings import Acceptance, Settings
from ovext.resources import version
from ovext.transaction import finish_change, is_inner_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ovext.build.cmake_report import LibraryReport
    from ovext.project import OpDescription, Project
    from ovext.toolchain.git import Revision
    from ovext.toolchain.openvino import OpenVINO

FILE_NAME = "manifest.json"
# Who brings a library that is needed.
OPENVINO, SYSTEM, IMAGE, BESIDE = "OpenVINO", "the system", "the image", "a file beside it"


def _plain(name: str) -> str:
    if not is_inner_name(name) or "/" in name:
        raise ValueError("leads out of the folder of the manifest")
    return name


def _of_layer(name: str) -> str:
    folder, _, file = name.partition("/")
    if folder not in {"gpu", "vpu"}:
        raise ValueError("leads out of the folder of the layers")
    _plain(file)
    return name


FileName = Annotated[str, AfterValidator(_plain)]  # of a file beside the manifest
LayerFile = Annotated[str, AfterValidator(_of_layer)]  # of one in gpu/ or vpu/


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProjectRecord(_Record):
    name: str
    version: str
    description: str = ""
    license: str | None = Field(default=None, description="An SPDX expression, or null if the project states none.")
    authors: list[str] = []
    commit: str | None = Field(description="The git commit, or null outside a checkout.")
    dirty: bool | None = Field(description="Whether the project's files differed from that commit.")


class OpenVINORecord(_Record):
    version: str
    soname: str
    cxx11_abi: bool = Field(description="The value of _GLIBCXX_USE_CXX11_ABI.")


class ReleaseRecord(OpenVINORecord):
    """A release that a library has a build for inside."""

    size: int = Field(description="Of the build, in bytes.")
    sha256: str
    file: FileName | None = Field(default=None, description="The build, beside the library; null if it is inside.")


class CompilerRecord(_Record):
    id: str
    version: str
    binutils: str | None = Field(default=None, description="The version of GNU ld, which seals the variants.")


class ImageRecord(_Record):
    """The base image of the container that a library was built in."""

    name: str
    digest: str


class VariantRecord(_Record):
    id: str
    flags: list[str] = Field(description="Every flag that its kernels were compiled with.")


class OpRecord(_Record):
    type: str
    opset: str


class LayerRecord(_Record):
    """The files of the layers that compute the library's ops on another device."""

    kind: Literal["gpu", "vpu"]
    config: LayerFile = Field(description="The XML for the plugin's CONFIG_FILE, from the folder of the manifest.")
    files: dict[LayerFile, str] = Field(description="Each file, the XML among them, and its sha256.")
    precision: Literal["f32"] | None = Field(
        default=None, description="The only INFERENCE_PRECISION_HINT that all kernels are for."
    )


class InspectionRecord(_Record):
    """What `ovext inspect` said of it, in short."""

    highest_versions: dict[str, str] = Field(description="The newest glibc and libstdc++ versions that it asks for.")
    manylinux: str | None = Field(description="The oldest manylinux tag that it deserves.")
    needs: dict[str, str] = Field(
        default={},
        description="Each library that it needs, and who brings it: OpenVINO, the system, the image, a file beside it.",
    )
    findings: list[str] = Field(description="Warnings and notes; there are no errors that were not accepted.")
    accepted: list[str] = Field(default=[], description="Errors that the project accepts, with its reasons.")


class BundledRecord(_Record):
    """A copy beside the library of one that it needs."""

    file: FileName
    library: str = Field(description="The name of the library that was copied.")
    size: int
    sha256: str
    needs: dict[str, str] = Field(default={}, description="As in the inspection of the library.")


class LibraryRecord(_Record):
    """One library of the folder."""

    file: FileName
    size: int = Field(description="In bytes.")
    sha256: str
    project: ProjectRecord
    openvino: OpenVINORecord
    releases: list[ReleaseRecord] = Field(
        default=[], description="What it has builds for inside, the newest first; empty if it is for `openvino` only."
    )
    link: Literal["needed", "host"]
    base_os: str | None = Field(
        description="The base OS that it was built for; null in a package, which loads where its inspection says."
    )
    engine: str
    image: ImageRecord | None = None
    compiler: CompilerRecord
    build_type: str
    fp_contract: Literal["off", "fast"] = Field(
        default="off", description="fast: variants may fuse multiplications with additions, and give different bits."
    )
    variants: list[VariantRecord]
    ops: list[OpRecord]
    layers: list[LayerRecord] = []
    bundled: list[BundledRecord] = []
    provides: list[str] = Field(default=[], description="Libraries that the project says every image brings.")
    accept: list[Acceptance] = Field(default=[], description="The findings that the project accepts.")
    ovext: str = Field(description="The version of ovext that built it.")
    inspection: InspectionRecord | None = None

    @property
    def beside(self) -> dict[str, str]:
        """The libraries beside it that belong to it, and the sha256 of each: builds for releases, and bundled ones."""
        builds = {one.file: one.sha256 for one in self.releases if one.file}
        return builds | {one.file: one.sha256 for one in self.bundled}

    @property
    def bill(self) -> str:
        """The name of the file with its bill of materials."""
        return f"{self.file.removeprefix('lib').removesuffix('.so').removesuffix('_cpu_extension')}.cdx.json"

    @property
    def versions(self) -> list[str]:
        """The releases of OpenVINO that it is for, the newest first."""
        return [one.version for one in self.releases] or [self.openvino.version]


class Manifest(_Record):
    """All libraries of one output folder."""

    schema_version: Literal[1] = Field(alias="schema")
    libraries: list[LibraryRecord]


def project_record(project: Project, revision: Revision | None) -> ProjectRecord:
    return ProjectRecord(
        name=project.name,
        version=project.version,
        description=project.metadata.description,
        license=project.metadata.license,
        authors=[author.name or author.email for author in project.metadata.authors],
        commit=revision.commit if revision else None,
        dirty=revision.dirty if revision else None,
    )


def op_records(ops: Iterable[OpDescription]) -> tuple[OpRecord, ...]:
    return tuple(OpRecord(type=op.type, opset=op.opset) for op in ops)


def record_of(
    report: LibraryReport,
    file: Path,
    *,
    build_dir: Path,
    openvino: OpenVINO,
    project: ProjectRecord,
    base_os: str | None,
    engine: str,
    layers: Sequence[LayerRecord],
    settings: Settings,
    bundled: Sequence[BundledRecord] = (),
) -> LibraryRecord:
    """The record of `file`, which is the library of `report` or a stripped copy of it.

    It lacks what only the gate finds out: the inspection, and ops that no op.toml describes.
    """
    flags = kernel_flags(build_dir, report)
    return LibraryRecord(
        file=file.name,
        size=file.stat().st_size,
        sha256=sha256_of(file),
        project=project,
        openvino=OpenVINORecord(version=str(openvino.version), soname=openvino.soname, cxx11_abi=openvino.cxx11_abi),
        link=report.link,
        base_os=base_os,
        engine=engine,
        compiler=CompilerRecord(**report.compiler.model_dump()),
        build_type=report.build_type,
        fp_contract=report.fp_contract,
        variants=[VariantRecord(id=variant, flags=flags[variant]) for variant in report.variants],
        ops=list(op_records(report.described)),
        layers=list(layers),
        bundled=list(bundled),
        provides=settings.provides,
        accept=settings.accept,
        ovext=version(),
    )


def read_manifest(folder: Path) -> Manifest | None:
    """The folder's manifest; None if there is none.

    Raises:
        FilesError: it cannot be read, or this version of ovext does not know it.
    """
    finish_change(folder)
    path = folder / FILE_NAME
    try:
        return Manifest.model_validate_json(read_regular(path))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        problem = _problem_of(error)
        fix = "Move it away; it lists the libraries beside it, which the next build makes again."
        raise FilesError(f"this manifest cannot be read: {problem}", where=path, fix=fix) from None


def _problem_of(error: Exception) -> str:
    """The first thing that is wrong, in a line."""
    if not isinstance(error, ValidationError):
        return str(error).partition("\n")[0]
    first = error.errors(include_url=False, include_input=False)[0]
    return ": ".join([".".join(map(str, first["loc"])), first["msg"]]).removeprefix(": ")


def merged(old: Manifest | None, new: list[LibraryRecord], folder: Path) -> Manifest:
    """The new records, and the old ones whose libraries still exist and were not replaced."""
    names = {record.file for record in new}
    kept = [record for record in old.libraries if record.file not in names] if old else []
    present = [record for record in kept if (folder / record.file).is_file()]
    return Manifest(schema=1, libraries=sorted([*present, *new], key=lambda record: record.file))


def to_json(manifest: Manifest) -> str:
    return json.dumps(manifest.model_dump(by_alias=True), indent=2) + "\n"


def json_schema() -> str:
    """The schema that docs/manifest.schema.json shows."""
    return json.dumps(Manifest.model_json_schema(by_alias=True), indent=2) + "\n"
