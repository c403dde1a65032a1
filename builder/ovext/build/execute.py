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
from ovext.build.publish import publish, published
from ovext.files import writing_to
from ovext.lock import folder_lock
from ovext.project.sources import products_of
from ovext.toolchain.fetch import fetch_openvino
from ovext.toolchain.git import revision_of
from ovext.toolchain.openvino import read_openvino
from ovext.toolchain.process import is_stopping

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ovext.build.cmake_report import LibraryReport
    from ovext.build.manifest import BundledRecord, LibraryRecord
    from ovext.build.plan import BuildPlan

# A process has one of each, which comes with its compiler.
_RUNTIMES_OF_SANITIZERS = (
    "libasan.so.6",
    "libasan.so.8",
    "libubsan.so.1",
    "libtsan.so.0",
    "libtsan.so.2",
    "liblsan.so.0",
)
HOST_LINK = "host"  # of a library that a server links for, which needs no OpenVINO of its own
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
        revision = revision_of(plan.project.root, products_of(plan.project.root, plan.output_dir))
        built = [(report, *library_of(plan, report)) for report in reports]
        layers = {file: layers_for(report, checked) for report, file, _ in built}
        files = {
            file: record_of(
                report,
                file,
                build_dir=plan.build_dir,
                openvino=openvino,
                project=project_record(plan.project, revision),
                base_os=plan.base_os.id,
                engine=HOST,
                layers=layers[file][0],
                settings=plan.project.settings,
                bundled=bundled,
            )
            for report, file, bundled in built
        }
        there = published(plan.output_dir, list(files.values()))
        if there:
            files = dict(zip(files, there, strict=True))
        else:
            from ovext.build.gate import (  # noqa: PLC0415  a build with nothing to do needs no disassembler
                Candidate,
                pass_gate,
                with_passed,
            )

            for report, file, _ in built:
                loads = not plan.is_part or report.link == HOST_LINK
                then = ", then a load in OpenVINO" if loads else ""
                reporter.talk(f"{CHECKING} {file.name}: inspection for {plan.base_os.id}{then}")
                rejected = rejected_report(plan.output_dir, file.name)
                bases, settings = (plan.base_os,), plan.project.settings
                candidate = Candidate(file, report, openvino, bases, rejected, settings, loads)
                files[file] = with_passed(files[file], pass_gate(candidate, reporter.talk))
            texts = {name: text for _, layer_texts in layers.values() for name, text in layer_texts.items()}
            publish(files, plan.output_dir, reporter.talk, texts)
        for report in reports:
            rejected_report(plan.output_dir, report.file.name).unlink(missing_ok=True)  # of an earlier build
    return BuildResult(plan.output_dir, tuple(files.values()), bool(there), time.monotonic() - started)


def library_of(plan: BuildPlan, report: LibraryReport) -> tuple[Path, Sequence[BundledRecord]]:
    """The library as it is, or the one that needs only what is beside it, and the record of each copy."""
    if not plan.bundle:
        return report.file, ()
    from ovext.build.bundle import brought_by, with_bundled  # noqa: PLC0415  it brings the reader of ELF

    brought = brought_by([plan.base_os], [*plan.project.settings.provides, *_RUNTIMES_OF_SANITIZERS])
    return with_bundled(
        report.file, report, plan.build_dir, plan.build_dir / "ovext" / "bundled" / report.library, brought
    )


@contextmanager
def locked_build_tree(build_dir: Path, reporter: Reporter) -> Iterator[int]:
    """Create the build tree if needed and hold its lock; yields the lock's descriptor."""
    with ExitStack() as stack:
        with writing_to(build_dir):
            build_dir.mkdir(parents=True, exist_ok=True)
            lock = folder_lock(build_dir, "another build of the same target", reporter.talk, is_stopping)
            descriptor = stack.enter_context(lock)
        yield descriptor
