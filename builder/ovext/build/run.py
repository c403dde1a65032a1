"""Carrying out a plan: fetch, build, pass the gate, publish."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from ovext.build import manifest as records
from ovext.build.host import Reporter, build_on_host
from ovext.build.layers import check_layers, layers_for
from ovext.build.publish import is_published, publish, sha256_of
from ovext.build.report import LibraryReport, kernel_flags, read_reports
from ovext.files import writing_to
from ovext.project import read_op
from ovext.toolchain.fetch import fetch_openvino
from ovext.toolchain.git import Revision, revision_of
from ovext.toolchain.lock import folder_lock
from ovext.toolchain.openvino import OpenVINO, read_openvino

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ovext.build.plan import BuildPlan


@dataclass(frozen=True)
class BuildResult:
    """What a build left in the output folder."""

    output_dir: Path
    libraries: tuple[records.LibraryRecord, ...]
    up_to_date: bool
    seconds: float


def run_build(plan: BuildPlan, reporter: Reporter) -> BuildResult:
    """Build, inspect and load what came of it, and publish it.

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
        plan.output_dir.mkdir(parents=True, exist_ok=True)  # found out now rather than after the compiler has run
    check_layers(plan.project, reporter.talk)
    with _locked_build_tree(plan, reporter) as lock:
        build_on_host(plan, lock, reporter)
        reports = read_reports(plan.build_dir)
        revision = revision_of(plan.project.root, [plan.project.root / "build", plan.output_dir.parent])
        layers = {report.file: layers_for(report) for report in reports}
        files = {
            report.file: _record(plan, report, openvino, revision).model_copy(update={"layers": layers[report.file][0]})
            for report in reports
        }
        up_to_date = is_published(plan.output_dir, list(files.values()))
        if not up_to_date:
            from ovext.build.gate import pass_gate  # noqa: PLC0415  a build with nothing to do needs no disassembler

            for report in reports:
                inspection = pass_gate(plan, report, openvino, reporter)
                files[report.file] = files[report.file].model_copy(update={"inspection": inspection})
            texts = {name: text for _, layer_texts in layers.values() for name, text in layer_texts.items()}
            publish(files, plan.output_dir, reporter.talk, texts)
        for report in reports:
            plan.rejected_report(report.file).unlink(missing_ok=True)  # of an earlier build that was rejected
    return BuildResult(plan.output_dir, tuple(files.values()), up_to_date, time.monotonic() - started)


@contextmanager
def _locked_build_tree(plan: BuildPlan, reporter: Reporter) -> Iterator[int]:
    with ExitStack() as stack:
        with writing_to(plan.build_dir):
            plan.build_dir.mkdir(parents=True, exist_ok=True)
            lock = folder_lock(plan.build_dir, "another build of the same target", reporter.talk)
            descriptor = stack.enter_context(lock)
        yield descriptor


def _record(
    plan: BuildPlan, report: LibraryReport, openvino: OpenVINO, revision: Revision | None
) -> records.LibraryRecord:
    flags = kernel_flags(plan.build_dir, report)
    described = [read_op(report.source_dir / "ops" / folder) for folder in report.ops]
    return records.LibraryRecord(
        file=report.file.name,
        size=report.file.stat().st_size,
        sha256=sha256_of(report.file),
        project=records.ProjectRecord(
            name=plan.project.name,
            version=plan.project.version,
            commit=revision.commit if revision else None,
            dirty=revision.dirty if revision else None,
        ),
        openvino=records.OpenVINORecord(
            version=str(openvino.version), soname=openvino.soname, cxx11_abi=openvino.cxx11_abi
        ),
        link=report.link,
        base_os=plan.base_os.id,
        engine=plan.engine,
        compiler=records.CompilerRecord(id=report.compiler.id, version=report.compiler.version),
        build_type=report.build_type,
        variants=[records.VariantRecord(id=variant, flags=flags[variant]) for variant in report.variants],
        ops=[records.OpRecord(type=op.type, opset=op.opset) for op in described],
        ovext=version("ovext"),
    )
