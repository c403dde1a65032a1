"""Building one library for several releases of OpenVINO: each build as if it were alone, then all put into one."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from ovext.build.cmake_report import rejected_report
from ovext.build.compose import OneBuild, compose
from ovext.build.execute import CHECKING, HOST_LINK, BuildResult, locked_build_tree
from ovext.build.manifest import project_record
from ovext.build.plan import FOLDER, HOST, BuildPlan, Decision
from ovext.build.publish import publish, published
from ovext.errors import ProjectError, UsageError
from ovext.files import read_regular, writing_to
from ovext.project.sources import products_of
from ovext.targets.base_os import DEFAULT_BASE_OS
from ovext.targets.openvino_version import OpenVINOVersion
from ovext.toolchain.cmake import has_cache
from ovext.toolchain.compiler import check_binutils, find_compiler
from ovext.toolchain.fetch import fetch_openvino, fetched_openvino
from ovext.toolchain.git import revision_of
from ovext.toolchain.openvino import VARIABLES
from ovext.toolchain.process import cpu_count, run_together

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ovext.build.container import ContainerPlan
    from ovext.build.host import Reporter
    from ovext.build.manifest import LibraryRecord
    from ovext.build.plan import BuildRequest
    from ovext.project import Project

    RunOne = Callable[[BuildPlan | ContainerPlan, BuildRequest, Reporter], BuildResult]


@dataclass(frozen=True)
class _Build:
    """What is built for one release."""

    release: str
    request: BuildRequest
    plan: BuildPlan | ContainerPlan


@dataclass(frozen=True)
class ReleasesPlan:
    """What will be done. Paths are absolute."""

    project: Project
    builds: tuple[_Build, ...]  # the newest release's first
    base_os: str
    folder: Path  # where the one library is made
    output_dir: Path
    reason: str  # why for these releases
    beside: bool  # whether the builds are files beside the library
    at_once: int  # how many builds run at a time
    is_first_alone: bool  # whether the others wait for its objects, which a compiler cache then has

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Those for the newest release, which are the others' too, and the releases."""
        first = self.builds[0].plan.decisions
        releases = Decision("OpenVINO", ", ".join(one.release for one in self.builds), self.reason)
        together = f"{self.at_once} builds at a time" if self.at_once > 1 else ""
        if self.is_first_alone:
            together = f"the first build alone, to fill the compiler cache, then {self.at_once} at a time"
        changed = {one.subject: one for one in first}
        if together:
            changed["jobs"] = replace(changed["jobs"], reason=together)
        return tuple({**changed, releases.subject: releases}.values())

    def steps(self) -> list[str]:
        """What will be done, in order, one line each."""
        releases = ", ".join(one.release for one in self.builds)
        steps = [step for build in self.builds for step in build.plan.steps()]
        last = f"move the libraries and manifest.json into {self.output_dir}"
        return [*steps, f"put the builds for {releases} into one library, and load it in each", last]


def releases_wanted(asked: str | None, project: Project) -> tuple[list[str], str]:
    """The releases to build for, newest first, and why; none for the one OpenVINO that a build finds by itself.

    Raises:
        UsageError: a release is there twice.
    """
    if asked is not None:
        listed, reason = asked.split(","), f"--openvino {asked}"
    elif any(os.environ.get(variable) for variable in VARIABLES):
        return [], ""
    else:
        listed, reason = project.settings.openvino, "the releases that the project lists"
    versions = [OpenVINOVersion.parse(one) for one in listed]
    if len({one.numbers for one in versions}) < len(versions):
        problem = f"'{','.join(listed)}' names a release twice"
        raise UsageError(problem, fix="Give each once; its candidates and builds have the same soname.")
    return ([str(one) for one in sorted(versions, reverse=True)], reason) if len(versions) > 1 else ([], "")


def plan_releases(
    request: BuildRequest,
    project: Project,
    wanted: tuple[Sequence[str], str],
    plan_one: Callable[[BuildRequest], BuildPlan | ContainerPlan],
) -> ReleasesPlan:
    """The plan for these releases, of which each is planned by `plan_one`. Its result goes to the project's build/."""
    compiler = find_compiler()
    check_binutils(compiler)  # the builds may be made in containers, but are put together here
    releases, reason = wanted
    base_os = request.base_os or DEFAULT_BASE_OS
    staging = project.root / "build" / "releases"

    def planned(release: str, jobs: int | None) -> _Build:
        one = replace(request, openvino=release, output_root=staging / release, jobs=jobs)
        plan = plan_one(one)
        return _Build(release, one, replace(plan, is_part=True) if isinstance(plan, BuildPlan) else plan)

    first = planned(releases[0], request.jobs)
    at_once, jobs, is_first_alone = 1, request.jobs, False
    if isinstance(first.plan, BuildPlan):
        is_first_alone = has_cache(compiler.launcher)
        at_once = min(len(releases) - is_first_alone, request.jobs or len(releases))
        jobs = max(1, (request.jobs or cpu_count() + at_once - 1) // at_once)
        first = first if is_first_alone else planned(releases[0], jobs)
    return ReleasesPlan(
        project=project,
        builds=(first, *(planned(release, jobs) for release in releases[1:])),
        base_os=base_os,
        folder=staging / "-".join([project.settings.find_base_os(base_os).id, *releases]),
        output_dir=request.output_root / base_os,
        reason=reason,
        beside=request.layout == FOLDER,
        at_once=at_once,
        is_first_alone=is_first_alone,
    )


def run_releases(plan: ReleasesPlan, run_one: RunOne, reporter: Reporter) -> BuildResult:
    """Build for each release by `run_one`, and put the results into one library, which must load in each of them.

    Raises:
        OvextError: the errors of `run_one`; nothing is published.
    """
    started = time.monotonic()
    project, output_dir = plan.project, plan.output_dir
    with writing_to(output_dir):
        output_dir.mkdir(parents=True, exist_ok=True)  # fail now rather than after the compiler has run
    files: dict[Path, LibraryRecord] = {}
    with locked_build_tree(plan.folder.parent, reporter) as lock:
        results = _built(plan, run_one, reporter)
        about = project_record(project, revision_of(project.root, products_of(project.root, output_dir)))
        texts = [name for one in results[0].libraries for layer in one.layers for name in layer.files]
        layers = {name: read_regular(results[0].output_dir / name).decode() for name in texts}
        for record in in_each_release(project, [result.libraries for result in results]):
            builds = [_of_file(result, record.file) for result in results]
            if record.link == HOST_LINK:
                files[builds[0].file] = record.model_copy(update={"project": about})
                continue
            reporter.talk(f"Putting {len(builds)} builds into {record.file}")
            file, composed = compose(project, plan.folder / record.file, builds, lock, beside=plan.beside)
            files[file] = composed.model_copy(update={"project": about})
        there = published(output_dir, list(files.values()))
        if there:
            files = dict(zip(files, there, strict=True))
        else:
            for file, record in files.items():
                if not record.releases:
                    continue  # it is not tied to a release, and has passed the gate
                builds = [_of_file(result, record.file) for result in results]
                here = [one.record.openvino.version for one in builds if one.record.engine == HOST]
                rejected = rejected_report(output_dir, record.file)
                files[file] = check_composed(
                    project, file, record, releases=here, rejected=rejected, talk=reporter.talk
                )
            publish(files, output_dir, reporter.talk, layers)
        for record in files.values():
            rejected_report(output_dir, record.file).unlink(missing_ok=True)  # of an earlier build
    return BuildResult(output_dir, tuple(files.values()), bool(there), time.monotonic() - started)


def _built(plan: ReleasesPlan, run_one: RunOne, reporter: Reporter) -> list[BuildResult]:
    """Several at once, since each has steps for one CPU only; in containers one by one, since they share images."""
    builds = plan.builds
    for build in builds:
        if isinstance(build.plan, BuildPlan) and not build.plan.machine.openvino_is_installed:
            fetch_openvino(build.release, reporter.talk)
    joined = _Joined(reporter)
    first = _First()
    if not plan.is_first_alone:
        first.is_compiled.set()
    others = [partial(first.run_after, run_one, build, joined) for build in builds[1:]]
    return run_together([partial(first.run, run_one, builds[0], joined), *others], plan.at_once + plan.is_first_alone)


class _First:
    """The first build, for which the others wait until it is compiled."""

    def __init__(self) -> None:
        self.is_compiled = threading.Event()
        self._has_failed = False

    def run(self, run_one: RunOne, build: _Build, joined: _Joined) -> BuildResult:
        try:
            return run_one(build.plan, build.request, _OfRelease(joined, build.release, self.is_compiled))
        except BaseException:
            self._has_failed = True
            raise
        finally:
            self.is_compiled.set()

    def run_after(self, run_one: RunOne, build: _Build, joined: _Joined) -> BuildResult:
        self.is_compiled.wait()
        if self._has_failed:
            raise CancelledError
        return run_one(build.plan, build.request, _OfRelease(joined, build.release, self.is_compiled))


class _Joined:
    """The progress of several builds as one."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter, self._lock = reporter, threading.Lock()
        self._counts: dict[str, tuple[int, int]] = {}

    def talk(self, text: str) -> None:
        with self._lock:
            self._reporter.talk(text)

    def progress(self, release: str, done: int, total: int, what: str) -> None:
        with self._lock:
            self._counts[release] = (done, total)
            all_done, all_total = (sum(counts) for counts in zip(*self._counts.values(), strict=True))
            self._reporter.progress(all_done, all_total, what)


@dataclass(frozen=True)
class _OfRelease:
    """The reporter of one of these builds."""

    joined: _Joined
    release: str
    is_compiled: threading.Event

    def talk(self, text: str) -> None:
        if text.startswith(CHECKING):
            self.is_compiled.set()
        self.joined.talk(f"{self.release}: {text}")

    def progress(self, done: int, total: int, what: str) -> None:
        self.joined.progress(self.release, done, total, f"{self.release}: {what}")


def in_each_release(project: Project, libraries: Sequence[tuple[LibraryRecord, ...]]) -> tuple[LibraryRecord, ...]:
    """The libraries of the newest release, which are those of each.

    Raises:
        ProjectError: a release has others.
    """
    for records in libraries:
        names = [{one.file for one in each} for each in (libraries[0], records)]
        if other := sorted(names[0] ^ names[1]):
            problem = f"{', '.join(other)} is not built for each of the releases"
            raise ProjectError(problem, where=project.root, fix="Build for the releases that have it.")
    return libraries[0]


def _of_file(result: BuildResult, name: str) -> OneBuild:
    return OneBuild(result.output_dir / name, next(one for one in result.libraries if one.file == name))


def check_composed(
    project: Project,
    file: Path,
    record: LibraryRecord,
    *,
    releases: Sequence[str],
    rejected: Path,
    talk: Callable[[str], None],
) -> LibraryRecord:
    """The record of the library after inspection, and after each of `releases` has loaded it.

    The builds inside have passed the gate already, with their symbols. The others were loaded in their containers.

    Raises:
        GateError: it would not load or could crash on the target. The whole report is in `rejected`.
        LibraryError: a release does not load it.
    """
    from ovext.build.gate import (  # noqa: PLC0415  a build with nothing to do needs no disassembler
        load_here,
        pass_inspection,
    )

    bases = [project.settings.find_base_os(record.base_os)] if record.base_os else []
    where = ", ".join(releases) or "none, since its builds were loaded in their containers"
    talk(f"{CHECKING} {record.file}: inspection, then a load in OpenVINO {where}")
    inspection = pass_inspection(
        file, bases, None, rejected, talk=talk, settings=project.settings, payloads_passed=True
    )
    inside = record.inspection.needs if record.inspection else {}
    inspection = inspection.model_copy(update={"needs": {**inside, **inspection.needs}})
    known = {(one.type, one.opset) for one in record.ops}
    described = [op for op in project.ops if (op.type, op.opset) in known]
    variants = [one.id for one in record.variants]
    found = [fetched_openvino(release, talk) for release in releases]
    loads = [partial(load_here, file, variants, openvino, described, talk) for openvino in found]
    provided = [[*ops] for ops in run_together(loads, cpu_count()) if ops]
    return record.model_copy(update={"inspection": inspection, "ops": provided[-1] if provided else record.ops})
