"""Carrying out a plan: fetch, build, load, publish."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from ovext.build import manifest as records
from ovext.build.host import Reporter, build_on_host
from ovext.build.publish import is_published, publish, sha256_of
from ovext.build.report import LibraryReport, kernel_flags, read_reports
from ovext.files import writing_to
from ovext.targets.isa import host_cpuinfo_flags, isa_table
from ovext.toolchain.fetch import fetch_openvino
from ovext.toolchain.git import revision_of
from ovext.toolchain.lock import folder_lock
from ovext.toolchain.openvino import OpenVINO, read_openvino
from ovext.verify.load import check_loads

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
    """Build, check that OpenVINO loads what came of it, and publish it.

    Raises:
        BuildError, OpenVINOError, LibraryError, FilesError, ProjectError: the last good libraries stay as they were.
    """
    started = time.monotonic()
    _ = plan.project.ops  # a wrong description is refused before the compiler runs
    if not plan.machine.openvino_is_installed:
        fetch_openvino(plan.machine.openvino_version, reporter.talk)
    openvino = read_openvino(plan.machine.openvino_cmake_dir)
    with _locked_build_tree(plan, reporter) as lock:
        build_on_host(plan, lock, reporter)
        reports = read_reports(plan.build_dir)
        files = {report.file: _record(plan, report, openvino) for report in reports}
        up_to_date = is_published(plan.output_dir, list(files.values()))
        if not up_to_date:
            for report in reports:
                _check_loads(plan, report, openvino, reporter)
            publish(files, plan.output_dir, reporter.talk)
    return BuildResult(plan.output_dir, tuple(files.values()), up_to_date, time.monotonic() - started)


@contextmanager
def _locked_build_tree(plan: BuildPlan, reporter: Reporter) -> Iterator[int]:
    with ExitStack() as stack:
        with writing_to(plan.build_dir):
            plan.build_dir.mkdir(parents=True, exist_ok=True)
            lock = folder_lock(plan.build_dir, "another build of the same target", reporter.talk)
            descriptor = stack.enter_context(lock)
        yield descriptor


def _check_loads(plan: BuildPlan, report: LibraryReport, openvino: OpenVINO, reporter: Reporter) -> None:
    host = host_cpuinfo_flags()
    if not any(isa_table()[variant].is_supported(host) for variant in report.variants):
        reporter.talk(f"{report.file.name} was not loaded: this CPU supports none of its instruction sets")
    elif openvino.python_path is None:
        reporter.talk(f"{report.file.name} was not loaded: the OpenVINO in {openvino.cmake_dir} has no Python package")
    else:
        ops = [plan.project.op(folder) for folder in report.ops]
        check_loads(report.file, openvino, ops, link=report.link)


def _record(plan: BuildPlan, report: LibraryReport, openvino: OpenVINO) -> records.LibraryRecord:
    revision = revision_of(plan.project.root)
    flags = kernel_flags(plan.build_dir, report)
    described = [plan.project.op(folder) for folder in report.ops]
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
