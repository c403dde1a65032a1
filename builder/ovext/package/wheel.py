"""Building the wheel of an extension project: scikit-build-core builds it, auditwheel names its platform."""

from __future__ import annotations

import os
import shutil
import sys
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.build.execute import locked_build_tree
from ovext.build.host import NINJA_STATUS, compiler_messages, ninja_progress
from ovext.build.releases import releases_wanted
from ovext.build.resolve import plan_on_host
from ovext.errors import BuildError, ProjectError
from ovext.files import replace_file, umask, writing_to
from ovext.inner import expecting, take_back
from ovext.package.licences import check_licences
from ovext.package.requirements import requirement_of
from ovext.package.wheel_file import WheelFile, check_wheel, read_wheel
from ovext.package.wheel_releases import compose_wheels
from ovext.project import load_project
from ovext.project.sources import products_of
from ovext.targets.openvino_version import BROUGHT_BY_OPENVINO
from ovext.toml import parse_toml, read_text
from ovext.toolchain.cmake import LAUNCHER
from ovext.toolchain.fetch import fetch_openvino
from ovext.toolchain.git import COMMIT, revision_of
from ovext.toolchain.patchelf import find_patchelf
from ovext.toolchain.process import Finished, shell_line, stream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ovext.build.host import Reporter
    from ovext.build.plan import BuildPlan, BuildRequest, Decision
    from ovext.toolchain.git import Revision

BACKEND = "scikit_build_core.build"
_EPOCH = "315532800"  # 1980-01-01, the earliest time that a wheel can hold
_UMASK = 0o022  # a wheel holds the modes of files and folders
_NOT_OF_A_WHEEL = {"base OS", "engine", "CMake preset", "jobs"}


@dataclass(frozen=True)
class WheelBuild:
    """What is built for one OpenVINO. Paths are absolute."""

    project: Path
    build_dir: Path
    settings: dict[str, str]  # of scikit-build-core
    environment: dict[str, str]
    fetch: str | None  # the OpenVINO release that must be fetched first
    openvino_version: str

    @property
    def build(self) -> tuple[str, ...]:
        """The command that builds the wheel."""
        settings = {"build-dir": str(self.build_dir), **self.settings}
        given = [f"-C{name}={value}" for name, value in settings.items()]
        build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--skip-dependency-check", *given]
        return (*build, "--outdir", str(self.built), str(self.project))

    @property
    def built(self) -> Path:
        """Where scikit-build-core's wheel goes."""
        return self.build_dir / "ovext-wheel" / "built"

    @property
    def repaired(self) -> Path:
        """Where auditwheel's wheel goes."""
        return self.build_dir / "ovext-wheel" / "repaired"

    def repair(self, wheel: str) -> tuple[str, ...]:
        """The command that sets the platform of the wheel."""
        excluded = [part for name in BROUGHT_BY_OPENVINO for part in ("--exclude", name)]
        return (sys.executable, "-m", "auditwheel", "repair", *excluded, "-w", str(self.repaired), wheel)

    def steps(self) -> list[str]:
        fetch = [f"fetch OpenVINO {self.fetch}"] if self.fetch else []
        return [*fetch, shell_line(self.build), shell_line(self.repair("WHEEL"))]


@dataclass(frozen=True)
class WheelPlan:
    """What will be done. Paths are absolute."""

    project: Path
    build_dir: Path
    output_dir: Path
    builds: tuple[WheelBuild, ...]  # the newest release's first
    decisions: tuple[Decision, ...]

    def steps(self) -> list[str]:
        """What will be done, in order, one line each."""
        releases = ", ".join(one.openvino_version for one in self.builds)
        several = [f"put the wheels for {releases} into one"] if len(self.builds) > 1 else []
        steps = [step for one in self.builds for step in one.steps()]
        return [*steps, *several, f"check the wheel and move it into {self.output_dir}"]

    def elsewhere(self, project: Path, build_dir: Path, environment: Mapping[str, str]) -> WheelPlan:
        """The plan for a copy of the project, in another environment."""
        builds = [
            replace(
                one,
                project=project,
                build_dir=build_dir / one.build_dir.relative_to(self.build_dir),
                environment={**one.environment, **environment},
            )
            for one in self.builds
        ]
        return replace(self, project=project, build_dir=build_dir, builds=tuple(builds))


@dataclass(frozen=True)
class WheelResult:
    """The wheel in the output folder."""

    file: Path
    wheel: WheelFile
    seconds: float


def plan_wheel(request: BuildRequest) -> WheelPlan:
    """The plan for a wheel of the project, for one OpenVINO or for several releases.

    Raises:
        OvextError: those of plan_on_host.
        ProjectError: the project's pyproject.toml does not say how to build a wheel.
    """
    project = load_project(request.project)
    _check_backend(project.root)
    releases, reason = releases_wanted(request.openvino, project)
    wanted: list[str | None] = [*releases] or [request.openvino]
    plans = [plan_on_host(replace(request, openvino=one)) for one in wanted]
    names = ",".join(plan.machine.openvino_version for plan in plans)
    build_dir = project.root / "build" / f"wheel-openvino{names}-{'-'.join(plans[0].variants)}"
    revision = revision_of(project.root, products_of(project.root))
    builds = [
        _build(plan, build_dir / release if releases else build_dir, request.isa, revision)
        for plan, release in zip(plans, releases or [""], strict=True)
    ]
    decisions = [one for one in plans[0].decisions if one.subject not in _NOT_OF_A_WHEEL]
    if releases:
        decisions = [
            replace(one, choice=", ".join(releases), reason=reason) if one.subject == "OpenVINO" else one
            for one in decisions
        ]
    return WheelPlan(project.root, build_dir, request.output_root, tuple(builds), tuple(decisions))


def _build(plan: BuildPlan, build_dir: Path, isa: str | None, revision: Revision | None) -> WheelBuild:
    machine = plan.machine
    settings = {"cmake.define.CMAKE_CXX_COMPILER": str(machine.compiler.path)}
    if machine.compiler.launcher is not None:
        settings[f"cmake.define.{LAUNCHER}"] = str(machine.compiler.launcher)
    if isa is not None:
        settings["cmake.define.OVEXT_ISA"] = ";".join(plan.variants)
    return WheelBuild(
        project=plan.project.root,
        build_dir=build_dir,
        settings=settings,
        environment={
            **({COMMIT: str(revision)} if revision else {}),
            **NINJA_STATUS,
            "CMAKE_EXECUTABLE": str(machine.tools.cmake),
            "OpenVINO_DIR": str(machine.openvino_cmake_dir),
            "PATH": os.pathsep.join(
                [str(find_patchelf().parent), str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
            ),
            "SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH", _EPOCH),
        },
        fetch=None if machine.openvino_is_installed else machine.openvino_version,
        openvino_version=machine.openvino_version,
    )


def _check_backend(root: Path) -> None:
    pyproject = root / "pyproject.toml"
    backend = parse_toml(read_text(pyproject), pyproject).get("build-system", {}).get("build-backend")
    if backend != BACKEND:
        raise ProjectError(
            f"[build-system] names {f'the backend {backend}' if backend else 'no backend'}, so ovext can make no wheel",
            where=pyproject,
            fix=f'The backend must be "{BACKEND}"; docs/wheels.md has all that a project needs.',
        )


def run_wheel(plan: WheelPlan, reporter: Reporter, check: Callable[[Path], object] = lambda _: None) -> WheelResult:
    """Build the wheel, check it, and put it into the output folder in one step.

    Args:
        plan: what to build.
        reporter: receives the progress.
        check: gets the finished wheel before it is published, and raises an error if it is wrong.

    Raises:
        BuildError, GateError, OpenVINOError, FilesError: nothing is put there.
        ProjectError: a licence file is missing.
    """
    started = time.monotonic()
    check_licences(load_project(plan.project), reporter.talk)
    for release in filter(None, (build.fetch for build in plan.builds)):
        fetch_openvino(release, reporter.talk)
    with writing_to(plan.output_dir):
        plan.output_dir.mkdir(parents=True, exist_ok=True)
    with locked_build_tree(plan.build_dir, reporter) as lock:
        wheel = make_wheel(plan, lock, reporter)
        check(wheel)
        target = plan.output_dir / wheel.name
        with writing_to(plan.output_dir):
            replace_file(target, partial(shutil.copyfile, wheel))
    return WheelResult(target, read_wheel(target), time.monotonic() - started)


def make_wheel(plan: WheelPlan, lock: int, reporter: Reporter) -> Path:
    """The finished wheel, in the build tree. The caller holds the tree's lock and passes its descriptor.

    Raises:
        BuildError, GateError, FilesError: there is no wheel.
    """
    with umask(_UMASK):
        wheels = [_make_one(build, lock, reporter) for build in plan.builds]
        if len(wheels) == 1:
            return wheels[0]
        return compose_wheels(
            load_project(plan.project),
            wheels,
            plan.build_dir / "all",
            epoch=plan.builds[0].environment["SOURCE_DATE_EPOCH"],
            lock=lock,
            talk=reporter.talk,
        )


def _make_one(build: WheelBuild, lock: int, reporter: Reporter) -> Path:
    """The wheel for one release."""
    log = build.build_dir / "ovext-wheel.log"
    with writing_to(build.build_dir):
        log.unlink(missing_ok=True)
        for folder in (build.built, build.repaired):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        reporter.talk(f"Building a wheel in {build.build_dir}")
        _run(build, build.build, log, lock, reporter)
        (built,) = build.built.glob("*.whl")
        _run(build, build.repair(str(built)), log, lock, reporter)
    (repaired,) = build.repaired.glob("*.whl")
    check_wheel(read_wheel(repaired), requirement_of([build.openvino_version]))
    return repaired


def _run(build: WheelBuild, command: Sequence[str], log: Path, lock: int, reporter: Reporter) -> None:
    left = build.build_dir / "ovext-error.json"
    environment = {**build.environment, **expecting(left)}
    finished = stream(command, ninja_progress(reporter), log=log, cwd=build.built, env=environment, keep_open=[lock])
    if not finished.ok:
        raise take_back(left, log) or BuildError("The wheel could not be built.", output=_cause(finished), log=log)


def _cause(finished: Finished) -> str:
    """The first error of ovext, CMake or the compiler, and what follows it, without the frontend's own lines."""
    lines = compiler_messages(finished).splitlines()
    kept = [line for line in lines if not line.startswith(("*** ", "* ", "TIP ", "ERROR "))]
    first = next((at for at, line in enumerate(kept) if "error:" in line or line.startswith("CMake Error")), 0)
    return "\n".join(kept[first:]).strip() or finished.output
