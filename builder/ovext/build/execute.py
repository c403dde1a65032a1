"""Carrying out a plan: fetch, build, pass the gate, publish."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovext.build.cmake_report import read_reports, rejected_report
from ovext.build.host import Reporter, build_on_host
from ovext.build.layers import check_layers, layers_for
from ovext.build.manifest import project_record, record_of
from ovext.build.plan import HOST
from ovext.build.publish import is_published, publish
from ovext.files import writing_to
from ovext.lock import folder_lock
from ovext.toolchain.fetch import fetch_openvino
from ovext.toolchain.git import revision_of
from ovext.toolchain.openvino import read_openvino
from ovext.toolchain.process import is_stopping

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ovext.build.manifest import LibraryRecord
    from ovext.build.plan import BuildPlan

CHECKING = "Checking"  # starts the line about the gate, for callers that follow a build


@dataclass(frozen=True)
class BuildResult:
    """What a build left in the output folder."""

    output_dir: Path
    libraries: tuple[LibraryRecord, ...]
    up_to_date: bool
    seconds: float


def run_build(plan: BuildPlan, reporter: Reporter) -> BuildResult:
    """Build, inspect and load the libraries, and publish them.

    Raises:
        BuildError, GateError, OpenVINOError, LibraryError, FilesError, ProjectError: nothing is published.
    """
    started = time.monotonic()
    if not plan.machine.openvino_is_installed:
        fetch_openvino(plan.machine.openvino_version, reporter.talk)
    openvino = read_openvino(plan.machine.openvino_cmake_dir)
    if str(openvino.version) not in plan.project.settings.openvino:
        listed = ", ".join(plan.project.settings.openvino)
        reporter.talk(f"Building for OpenVINO {openvino.version}, which the project does not list ({listed})")
    with writing_to(plan.output_dir):
        plan.output_dir.mkdir(parents=True, exist_ok=True)  # fail now rather than after the compiler has run
    checked = check_layers(plan.project, reporter.talk, openvino.version)
    with locked_build_tree(plan.build_dir, reporter) as lock:
        build_on_host(plan, lock, reporter)
        reports = read_reports(plan.build_dir, plan.project)
        revision = revision_of(plan.project.root, [plan.project.root / "build", plan.output_dir.parent])
        layers = {report.file: layers_for(report, checked) for report in reports}
        files = {
            report.file: record_of(
                report,
                report.file,
                build_dir=plan.build_dir,
                openvino=openvino,
                project=project_record(plan.project, revision),
                base_os=plan.base_os.id,
                engine=HOST,
                layers=layers[report.file][0],
                settings=plan.project.settings,
            )
            for report in reports
        }
        up_to_date = is_published(plan.output_dir, list(files.values()))
        if not up_to_date:
            from ovext.build.gate import (  # noqa: PLC0415  a build with nothing to do needs no disassembler
                Candidate,
                pass_gate,
                with_passed,
            )

            for report in reports:
                reporter.talk(
                    f"{CHECKING} {report.file.name}: inspection for {plan.base_os.id}, then a load in OpenVINO"
                )
                rejected = rejected_report(plan.output_dir, report.file.name)
                candidate = Candidate(report.file, report, openvino, (plan.base_os,), rejected, plan.project.settings)
                passed = pass_gate(candidate, reporter.talk)
                files[report.file] = with_passed(files[report.file], passed)
            texts = {name: text for _, layer_texts in layers.values() for name, text in layer_texts.items()}
            publish(files, plan.output_dir, reporter.talk, texts)
        for report in reports:
            rejected_report(plan.output_dir, report.file.name).unlink(missing_ok=True)  # of an earlier build
    return BuildResult(plan.output_dir, tuple(files.values()), up_to_date, time.monotonic() - started)


@contextmanager
def locked_build_tree(build_dir: Path, reporter: Reporter) -> Iterator[int]:
    """Create the build tree if needed and hold its lock; yields the lock's descriptor."""
    with ExitStack() as stack:
        with writing_to(build_dir):
            build_dir.mkdir(parents=True, exist_ok=True)
            lock = folder_lock(build_dir, "another build of the same target", reporter.talk, is_stopping)
            descriptor = stack.enter_context(lock)
        yield descriptor
