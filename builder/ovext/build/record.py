"""What a manifest says of a built library."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from ovext.build.manifest import (
    CompilerRecord,
    LayerRecord,
    LibraryRecord,
    OpenVINORecord,
    OpRecord,
    ProjectRecord,
    VariantRecord,
)
from ovext.build.report import kernel_flags
from ovext.files import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ovext.build.report import LibraryReport
    from ovext.project import OpDescription, Project
    from ovext.toolchain.git import Revision
    from ovext.toolchain.openvino import OpenVINO


def project_record(project: Project, revision: Revision | None) -> ProjectRecord:
    return ProjectRecord(
        name=project.name,
        version=project.version,
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
    base_os: str,
    engine: str,
    layers: Sequence[LayerRecord],
) -> LibraryRecord:
    """The record of `file`, which is the library of `report` or a stripped copy of it.

    What only the gate finds out is left open: the inspection, and ops that no op.toml describes.
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
        compiler=CompilerRecord(id=report.compiler.id, version=report.compiler.version),
        build_type=report.build_type,
        fp_contract=report.fp_contract,
        variants=[VariantRecord(id=variant, flags=flags[variant]) for variant in report.variants],
        ops=list(op_records(report.described)),
        layers=list(layers),
        ovext=version("ovext"),
    )
