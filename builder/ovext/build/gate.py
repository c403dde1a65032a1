"""What a library must pass before anyone can see it: inspection for its target, and a load in real OpenVINO."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ovext.build.manifest import InspectionRecord
from ovext.errors import GateError
from ovext.files import replace_text, writing_to
from ovext.inspect.checks import object_findings
from ovext.inspect.elf import Elf
from ovext.inspect.openvino import read_counterpart
from ovext.inspect.run import inspect_library
from ovext.project import read_op
from ovext.targets.isa import host_cpuinfo_flags, isa_table
from ovext.verify.load import check_loads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ovext.build.report import LibraryReport
    from ovext.findings import Finding
    from ovext.inspect.findings import FileReport
    from ovext.targets.base_os import BaseOS
    from ovext.toolchain.openvino import OpenVINO


@dataclass(frozen=True)
class Candidate:
    """A built library that is to leave the builder."""

    file: Path
    report: LibraryReport
    build_dir: Path
    openvino: OpenVINO
    bases: tuple[BaseOS, ...]  # where it must load
    rejected_report: Path  # where the report on it goes if it does not pass


def pass_gate(candidate: Candidate, talk: Callable[[str], None]) -> InspectionRecord:
    """Inspect and load a built library; gives the inspection in short.

    Raises:
        GateError: it would not load or could crash on the target. The whole report lies in `rejected_report`.
        LibraryError: OpenVINO does not load it here.
    """
    record = pass_inspection(
        candidate.file,
        candidate.bases,
        candidate.openvino,
        candidate.rejected_report,
        in_objects=_inspect_objects(candidate),
    )
    _load(candidate, talk)
    return record


def pass_inspection(
    file: Path,
    bases: Sequence[BaseOS],
    openvino: OpenVINO | None,
    rejected_report: Path,
    *,
    in_objects: Sequence[Finding] = (),
) -> InspectionRecord:
    """Inspect a built library, which is not loaded; gives the inspection in short.

    Args:
        file: the library.
        bases: where it must load.
        openvino: the OpenVINO to compare it with, if there is one.
        rejected_report: where the report on it goes if it does not pass.
        in_objects: what was found in its object files, all of it errors.

    Raises:
        GateError: it would not load or could crash on the target. The whole report lies in `rejected_report`.
    """
    inspected = inspect_library(
        Elf(file), bases, lambda elf: read_counterpart(openvino, elf.strings_of("NEEDED")) if openvino else None
    )
    if in_objects or not inspected.is_fine:
        _write_report(rejected_report, inspected, in_objects)
        targets = ", ".join(base.id for base in bases) or "any system"
        problems = "".join(f"\n  - {problem}" for problem in _problems(inspected, in_objects))
        raise GateError(
            f"the library is not fit for {targets}:{problems}",
            where=file,
            fix=f"The whole report is in {rejected_report}.",
        )
    return _in_short(inspected)


def _in_short(inspected: FileReport) -> InspectionRecord:
    """What a manifest keeps of an inspection."""
    return InspectionRecord(
        highest_versions=inspected.highest_versions,
        manylinux=inspected.manylinux,
        findings=[f"{finding.code}: {finding.text}" for finding in inspected.findings],
    )


def _inspect_objects(candidate: Candidate) -> list[Finding]:
    library, variants = candidate.report.library, candidate.report.variants
    folders = [candidate.build_dir / "CMakeFiles" / f"{library}_{variant}.dir" for variant in variants]
    objects = [file for folder in folders for file in sorted(folder.rglob("*.o"))]
    return [finding for file in objects for finding in object_findings(Elf(file))]


def _write_report(path: Path, inspected: FileReport, in_objects: Sequence[Finding]) -> None:
    data: dict[str, Any] = {"schema": 1, **inspected.to_json()}
    data["object_findings"] = [vars(finding) for finding in in_objects]
    with writing_to(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_text(path, json.dumps(data, indent=2) + "\n")


def _problems(inspected: FileReport, in_objects: Sequence[Finding]) -> list[str]:
    problems = [f"{finding.text}. {finding.fix}" for finding in (*in_objects, *inspected.errors)]
    return problems + [
        f"on {verdict.base_os}, it {reason}" for verdict in inspected.verdicts for reason in _too_new(verdict.reasons)
    ]


def _too_new(reasons: tuple[str, ...]) -> list[str]:
    return [reason for reason in reasons if reason.startswith("needs ")]


def _load(candidate: Candidate, talk: Callable[[str], None]) -> None:
    report, openvino, name = candidate.report, candidate.openvino, candidate.file.name
    host = host_cpuinfo_flags()
    if not any(isa_table()[variant].is_supported(host) for variant in report.variants):
        talk(f"{name} was not loaded: this CPU supports none of its instruction sets")
    elif openvino.python_path is None:
        talk(f"{name} was not loaded: the OpenVINO in {openvino.cmake_dir} has no Python package")
    else:
        ops = [read_op(report.source_dir / "ops" / folder) for folder in report.ops]
        check_loads(candidate.file, openvino, ops, link=report.link)
