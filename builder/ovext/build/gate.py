"""What a library must pass before it is published: inspection for its target, and loading in a real OpenVINO."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovext.build.manifest import BESIDE, IMAGE, OPENVINO, SYSTEM, InspectionRecord, LibraryRecord, OpRecord, op_records
from ovext.errors import GateError
from ovext.files import replace_text, writing_to
from ovext.inspect.elf import Elf
from ovext.inspect.library import InspectionRequest, inspect_library
from ovext.inspect.needed import FOUND_BESIDE, SAID_BY_USER
from ovext.inspect.openvino_symbols import read_counterpart
from ovext.inspect.report import unused
from ovext.inspect.system import system_of
from ovext.targets.base_os import base_oses
from ovext.targets.isa import host_cpuinfo_flags, isa_table
from ovext.toolchain.cmake import settings_of_this_machine
from ovext.worker.check_loads import check_loads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ovext.build.cmake_report import LibraryReport
    from ovext.inspect.report import FileReport, LibraryFinding
    from ovext.project import OpDescription
    from ovext.project.settings import Settings
    from ovext.targets.base_os import BaseOS
    from ovext.toolchain.openvino import OpenVINO


_SHOWN = 3
_FOR_A_CPU = re.compile(r"(^|\s)-m(?!tune|prefer|stack|no-)[a-z]")


@dataclass(frozen=True)
class Candidate:
    """A built library that must pass the gate."""

    file: Path
    report: LibraryReport
    openvino: OpenVINO
    bases: tuple[BaseOS, ...]  # where it must load
    rejected_report: Path  # where the report goes if it does not pass
    settings: Settings  # of its project
    loads: bool = True  # whether OpenVINO loads it here


@dataclass(frozen=True)
class Passed:
    """What is known about a library that has passed."""

    inspection: InspectionRecord
    ops: tuple[OpRecord, ...]  # that it reports when it is loaded, else as they are described


def with_passed(record: LibraryRecord, passed: Passed) -> LibraryRecord:
    """The record of a library that has passed."""
    return record.model_copy(update={"inspection": passed.inspection, "ops": list(passed.ops)})


def pass_gate(candidate: Candidate, talk: Callable[[str], None]) -> Passed:
    """Inspect and load a built library.

    Raises:
        GateError: it would not load or could crash on the target. The whole report is in `rejected_report`.
        LibraryError: OpenVINO does not load it here.
    """
    inspection = pass_inspection(
        candidate.file,
        candidate.bases,
        candidate.openvino,
        candidate.rejected_report,
        talk=talk,
        settings=candidate.settings,
        may_fuse=candidate.report.fp_contract == "fast",
        objects=[file for files in candidate.report.objects.values() for file in files],
    )
    return Passed(inspection, _load(candidate, talk))


def pass_inspection(
    file: Path,
    bases: Sequence[BaseOS],
    openvino: OpenVINO | None,
    rejected_report: Path,
    *,
    talk: Callable[[str], None],
    may_fuse: bool = True,
    objects: Sequence[Path] = (),
    payloads_passed: bool = False,
    settings: Settings,
) -> InspectionRecord:
    """Inspect a built library without loading it; returns a summary of the inspection.

    Args:
        file: the library.
        bases: where it must load; none: on every base OS that has the versions that it needs.
        openvino: the OpenVINO to compare it with, if there is one.
        rejected_report: where the report goes if it does not pass.
        talk: receives a line about each acceptance that is no longer needed.
        may_fuse: whether its variants may fuse multiplications with additions.
        objects: the object files that it was linked from, if known.
        payloads_passed: whether the builds inside for releases of OpenVINO have passed the gate before.
        settings: the project's, which say what images provide and what is accepted.

    Raises:
        GateError: it would not load or could crash on the target. The whole report is in `rejected_report`.
    """
    request = InspectionRequest(
        [system_of(base) for base in bases or base_oses()],
        lambda elf: read_counterpart(openvino, elf.strings_of("NEEDED")) if openvino else None,
        provides=settings.provides,
        may_fuse=may_fuse,
        objects=objects,
        payloads_passed=payloads_passed,
    )
    inspected = inspect_library(Elf(file), request).accepting(settings.accept)
    if not bases:
        inspected = inspected.without_too_new()
    for one in unused(settings.accept, [inspected]) if not payloads_passed else []:
        talk(f"{file.name}: the finding {one.finding} in {one.in_}, which pyproject.toml accepts, does not occur")
    if not inspected.is_fine:
        _write_report(rejected_report, inspected)
        targets = ", ".join(base.id for base in bases) or "any system"
        problems = "".join(f"\n  - {problem}" for problem in _problems(inspected))
        raise GateError(
            f"the library cannot be published for {targets}:{problems}",
            where=file,
            fix=f"{_blame(inspected)}The whole report is in {rejected_report}.",
        )
    return _in_short(inspected)


def _in_short(inspected: FileReport) -> InspectionRecord:
    """The parts of an inspection that a manifest keeps."""
    accepted = [finding for finding in inspected.findings if finding.accepted is not None]
    return InspectionRecord(
        highest_versions=inspected.highest_versions,
        manylinux=inspected.manylinux,
        needs=_needs(inspected),
        findings=[f"{finding.code}: {finding.text}" for finding in inspected.findings if finding not in accepted],
        accepted=[f"{finding.code}: {finding.text} (accepted: {finding.accepted})" for finding in accepted],
    )


def _needs(inspected: FileReport) -> dict[str, str]:
    """The libraries that it needs itself, and who brings them on all targets."""
    name = Path(inspected.file).name
    found = {
        one.library: next(iter(one.brought_by.values()), None) for one in inspected.needed if one.needed_by == name
    }
    return {library: _bringer(text or "") for library, text in found.items()}


def _bringer(text: str) -> str:
    if text.startswith(OPENVINO):
        return OPENVINO
    if text.endswith(FOUND_BESIDE):
        return BESIDE
    return IMAGE if text == SAID_BY_USER else SYSTEM


def _write_report(path: Path, inspected: FileReport) -> None:
    data: dict[str, Any] = {"schema": 2, "files": [inspected.to_json()]}
    with writing_to(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_text(path, json.dumps(data, indent=2) + "\n")


def _problems(inspected: FileReport) -> list[str]:
    """A line for each error; of many with the same code, for the first ones."""
    lines: list[str] = []
    found: dict[str, list[LibraryFinding]] = {}
    for finding in inspected.errors:
        found.setdefault(finding.code, []).append(finding)
    for code, findings in found.items():
        lines += [f"{finding.text}. {finding.fix}" for finding in findings[:_SHOWN]]
        if len(findings) > _SHOWN:
            lines.append(f"and {len(findings) - _SHOWN} more of the kind {code}")
    return lines


def _blame(inspected: FileReport) -> str:
    """A sentence about a variable that most likely brought the wide code: its options go into all code."""
    codes = {finding.code for finding in inspected.errors}
    flags = settings_of_this_machine().get("CXXFLAGS", "")
    if not codes & {"leak", "beyond-variant", "wide-initialiser", "wide-entry"} or not _FOR_A_CPU.search(flags):
        return ""
    return f"CXXFLAGS is {flags!r}, and its options go into all code: unset it.\n"


def _load(candidate: Candidate, talk: Callable[[str], None]) -> tuple[OpRecord, ...]:
    report = candidate.report
    provided: tuple[OpRecord, ...] = ()
    if candidate.loads:
        provided = load_here(candidate.file, report.variants, candidate.openvino, report.described, talk)
    return provided or op_records(report.described)


def load_here(
    file: Path,
    variants: Sequence[str],
    openvino: OpenVINO,
    described: Sequence[OpDescription],
    talk: Callable[[str], None],
) -> tuple[OpRecord, ...]:
    """The ops that a library reports once OpenVINO has loaded it; none if it does not say, or cannot be loaded here.

    Raises:
        LibraryError: OpenVINO does not load it, or it lacks an op that is described.
    """
    host = host_cpuinfo_flags()
    if not any(isa_table()[variant].is_supported(host) for variant in variants):
        talk(f"{file.name} was not loaded: this CPU supports none of its instruction sets")
        return ()
    if openvino.python_path is None:
        talk(f"{file.name} was not loaded: the OpenVINO in {openvino.cmake_dir} has no Python package")
        return ()
    provided = check_loads(file, openvino, described).ops
    return tuple(OpRecord(type=type_, opset=opset) for type_, opset in provided)
