"""What a library must pass before anyone can see it: inspection for its target, and a load in real OpenVINO."""

from __future__ import annotations

import json
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
    from pathlib import Path

    from ovext.build.host import Reporter
    from ovext.build.plan import BuildPlan
    from ovext.build.report import LibraryReport
    from ovext.findings import Finding
    from ovext.inspect.findings import FileReport
    from ovext.toolchain.openvino import OpenVINO


def pass_gate(plan: BuildPlan, report: LibraryReport, openvino: OpenVINO, reporter: Reporter) -> InspectionRecord:
    """Inspect and load a built library; gives the inspection in short.

    Raises:
        GateError: it would not load or could crash on the target. The whole report lies in the output folder.
        LibraryError: OpenVINO does not load it here.
    """
    inspected = _inspect(plan, report, openvino)
    in_objects = _inspect_objects(plan, report)
    rejected = plan.rejected_report(report.file)
    if in_objects or not inspected.is_fine:
        _write_report(rejected, inspected, in_objects)
        raise GateError(
            _reasons(inspected, in_objects, plan), where=report.file, fix=f"The whole report is in {rejected}."
        )
    _load(report, openvino, reporter)
    return InspectionRecord(
        highest_versions=inspected.highest_versions,
        manylinux=inspected.manylinux,
        findings=[f"{finding.code}: {finding.text}" for finding in inspected.findings],
    )


def _inspect(plan: BuildPlan, report: LibraryReport, openvino: OpenVINO) -> FileReport:
    return inspect_library(
        Elf(report.file), [plan.base_os], lambda elf: read_counterpart(openvino, elf.strings_of("NEEDED"))
    )


def _inspect_objects(plan: BuildPlan, report: LibraryReport) -> list[Finding]:
    folders = [plan.build_dir / "CMakeFiles" / f"{report.library}_{variant}.dir" for variant in report.variants]
    objects = [file for folder in folders for file in sorted(folder.rglob("*.o"))]
    return [finding for file in objects for finding in object_findings(Elf(file))]


def _write_report(path: Path, inspected: FileReport, in_objects: list[Finding]) -> None:
    data: dict[str, Any] = {"schema": 1, **inspected.to_json()}
    data["object_findings"] = [vars(finding) for finding in in_objects]
    with writing_to(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_text(path, json.dumps(data, indent=2) + "\n")


def _reasons(inspected: FileReport, in_objects: list[Finding], plan: BuildPlan) -> str:
    problems = [f"{finding.text}. {finding.fix}" for finding in (*in_objects, *inspected.errors)]
    problems += [
        f"on {verdict.base_os}, it {reason}" for verdict in inspected.verdicts for reason in _too_new(verdict.reasons)
    ]
    return f"the library is not fit for {plan.base_os.id}:" + "".join(f"\n  - {problem}" for problem in problems)


def _too_new(reasons: tuple[str, ...]) -> list[str]:
    return [reason for reason in reasons if reason.startswith("needs ")]


def _load(report: LibraryReport, openvino: OpenVINO, reporter: Reporter) -> None:
    host = host_cpuinfo_flags()
    if not any(isa_table()[variant].is_supported(host) for variant in report.variants):
        reporter.talk(f"{report.file.name} was not loaded: this CPU supports none of its instruction sets")
    elif openvino.python_path is None:
        reporter.talk(f"{report.file.name} was not loaded: the OpenVINO in {openvino.cmake_dir} has no Python package")
    else:
        ops = [read_op(report.source_dir / "ops" / folder) for folder in report.ops]
        check_loads(report.file, openvino, ops, link=report.link)
