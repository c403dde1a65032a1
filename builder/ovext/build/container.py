"""The engines `docker` and `podman`: the build runs in a container of the base OS, and the result is copied back."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovext.build.cmake_report import rejected_report
from ovext.build.execute import CHECKING, BuildResult, locked_build_tree
from ovext.build.host import ninja_progress
from ovext.build.image import CACHE_VOLUME, BuilderImage, ensure_image
from ovext.build.manifest import ImageRecord, LibraryRecord, project_record, read_manifest
from ovext.build.plan import Decision, asked, build_tree, check_release, isa_decision, jobs_decision
from ovext.build.publish import publish
from ovext.errors import BuildError, EngineError
from ovext.files import replace_text, writing_to
from ovext.inner import VARIABLE, take_back
from ovext.project.sources import products_of, source_files
from ovext.targets.base_os import DEFAULT_BASE_OS
from ovext.targets.openvino_version import OpenVINOVersion
from ovext.toolchain.cmake import settings_of_this_machine
from ovext.toolchain.fetch import find_installed
from ovext.toolchain.git import revision_of
from ovext.toolchain.process import shell_line, stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ovext.build.host import Reporter
    from ovext.build.plan import BuildRequest
    from ovext.errors import OvextError
    from ovext.project import Project
    from ovext.targets.base_os import BaseOS
    from ovext.toolchain.engine import Engine
    from ovext.toolchain.process import Finished

_HOME = "/home/builder"
_ERROR = f"{_HOME}/error.json"  # of the ovext in the container
# The last file of the project's archive. If it is missing, the archive is incomplete.
_SENTINEL = ".ovext-complete"
# Shell: reads the project from stdin. That works with every engine, local or remote, whatever its user IDs are.
_UNPACK = f"mkdir project && tar -x --no-same-owner -C project -f - && test -f project/{_SENTINEL}"
# Shell: starts a compiler cache, if it works here. It writes before the gate has ended, and with it the container.
_CACHE = f"{_HOME}/.cache/sccache"
_START_CACHE = (
    f"if touch {_CACHE}/.ovext 2> /dev/null && sccache --start-server > /dev/null 2>&1; "
    "then export CMAKE_CXX_COMPILER_LAUNCHER=sccache; fi;"
)


@dataclass(frozen=True)
class ContainerPlan:
    """What will be done. Paths are absolute."""

    project: Project
    base_os: BaseOS
    engine: Engine
    image: BuilderImage
    command: tuple[str, ...]  # of ovext in the container
    build_dir: Path
    output_dir: Path
    decisions: tuple[Decision, ...]

    def steps(self) -> list[str]:
        """What will be done, in order, one line each."""
        name = self.engine.name
        return [
            f"{name} pull {self.image.base_image}, unless it is there",
            f"{name} build, with Dockerfile.{self.base_os.dockerfile}, unless that image is there",
            f"{name} create and start, with a copy of {self.project.root}: {shell_line(('ovext', *self.command))}",
            f"{name} cp the result into {self.build_dir}",
            f"inspect each library for {self.base_os.id}",
            f"move the libraries and manifest.json into {self.output_dir}",
        ]


def plan_in_container(
    request: BuildRequest,
    project: Project,
    engine: Engine,
    reason: str,
) -> ContainerPlan:
    """The plan for one project and one target, to be built by a container engine.

    Raises:
        UsageError: the request names something that does not exist.
        ProjectError: the project cannot be built for that OpenVINO.
    """
    spelled = request.base_os or DEFAULT_BASE_OS
    base_os = project.settings.find_base_os(spelled)
    base_image, openvino = request.base_image or base_os.image, request.openvino
    release = str(OpenVINOVersion.parse(openvino or project.settings.default_openvino))
    check_release(project, release)
    options = request.options(base_os=base_os.id)
    openvino_reason = f"--openvino {openvino}" if openvino else "the project's default"
    return ContainerPlan(
        project=project,
        base_os=base_os,
        engine=engine,
        image=BuilderImage(base_os, base_image, release),
        command=("build", f"{_HOME}/project", "--engine", "host", "--output", f"{_HOME}/lib", *options),
        build_dir=build_tree(request, project, engine.name, release),
        output_dir=request.output_root / spelled,
        decisions=(
            Decision("base OS", f"{base_os.id} ({base_os.title})", asked("--base-os", request.base_os)),
            Decision("engine", engine.name, reason),
            Decision("base image", base_image, asked("--base-image", request.base_image)),
            Decision("OpenVINO", release, openvino_reason),
            isa_decision(request, project),
            jobs_decision(request, "all"),
            Decision("compiler", base_os.cxx, f"that of {base_os.title}"),
            *_unused(),
        ),
    )


def _unused() -> list[Decision]:
    """The settings in the environment that a container does not see."""
    names = ", ".join(settings_of_this_machine())
    return [Decision("left out", names, "they mean this machine's tools, which no container has")] if names else []


def run_in_container(plan: ContainerPlan, reporter: Reporter) -> BuildResult:
    """Build in a container, inspect the result on this machine, and publish it.

    Raises:
        EngineError: the base image is not available, or the engine cannot run a container.
        BuildError, GateError, FilesError: nothing is published.
    """
    started = time.monotonic()
    with writing_to(plan.output_dir):
        plan.output_dir.mkdir(parents=True, exist_ok=True)
    with locked_build_tree(plan.build_dir, reporter):
        log = plan.build_dir / "ovext-build.log"
        if left_out := settings_of_this_machine():
            reporter.talk(f"Not used in the container: {', '.join(left_out)}")
        with writing_to(plan.build_dir):
            log.unlink(missing_ok=True)
            engine = plan.engine.ready(plan.image.base_image, reporter.talk)
            tag, engine = ensure_image(plan.image, engine, log, reporter)
            built = _build(plan, engine, tag, log, reporter)
        revision = revision_of(plan.project.root, products_of(plan.project.root, plan.output_dir))
        project = project_record(plan.project, revision)
        records = [_inspected(record, plan, built, reporter) for record in _records(built)]
        base = plan.image.base_image
        image = ImageRecord(name=base.partition("@")[0], digest=engine.digest_of(base))
        records = [record.model_copy(update={"project": project, "image": image}) for record in records]
        files = {built / record.file: record for record in records}
        layers = {name: (built / name).read_text(encoding="utf-8") for one in records for name in _layer_files(one)}
        publish(files, plan.output_dir, reporter.talk, layers)
        for record in records:
            rejected_report(plan.output_dir, record.file).unlink(missing_ok=True)  # of an earlier build
    return BuildResult(plan.output_dir, tuple(records), up_to_date=False, seconds=time.monotonic() - started)


def _build(plan: ContainerPlan, engine: Engine, tag: str, log: Path, reporter: Reporter) -> Path:
    """Build in a container of the image `tag`; returns the folder with the result."""
    archive, result = plan.build_dir / "project.tar", plan.build_dir / "result"
    shutil.rmtree(result, ignore_errors=True)
    _pack(plan.project.root, archive)
    # The project may list several releases; this image has one.
    script = (
        f"{_UNPACK} && OpenVINO_DIR=$(echo {_HOME}/venv/lib/python*/site-packages/openvino/cmake) "
        f"&& export OpenVINO_DIR && {_START_CACHE} "
        f"{VARIABLE}={_ERROR} exec python -m ovext {shell_line(plan.command)} > /dev/null"
    )
    with _container(engine, tag, script, label=str(plan.build_dir)) as name:
        start = engine.command("start", "--attach", "--interactive", name)
        finished = stream(start, _telling(reporter), log=log, stdin=archive)
        archive.unlink()
        copied = engine.ask("cp", f"{name}:{_HOME}/lib/{plan.base_os.id}/.", str(result))
        if not finished.ok:
            left = plan.build_dir / "ovext-error.json"
            left.unlink(missing_ok=True)
            engine.ask("cp", f"{name}:{_ERROR}", str(left))
            raise _failure(plan, finished, take_back(left, log), result, log)
    if not copied.ok:
        raise EngineError(f"{engine.name} could not copy the result: {copied.complaint()}")
    return result


def _telling(reporter: Reporter) -> Callable[[str], None]:
    """A function that passes on the output of the ovext in the container."""
    ninja = ninja_progress(reporter)

    def on_line(line: str) -> None:
        if line.startswith("["):
            ninja(line)
        else:
            reporter.talk(line)

    return on_line


def _failure(plan: ContainerPlan, finished: Finished, error: OvextError | None, result: Path, log: Path) -> OvextError:
    """The error of the ovext in the container, with this machine's paths; if it left none, how the build ended."""
    for report in result.glob("*.rejected.json"):
        with writing_to(plan.output_dir):
            replace_text(plan.output_dir / report.name, report.read_text(encoding="utf-8"))
    if error is None:
        what = f"The build in {plan.engine.name} ended with {finished.how_it_ended()}."
        return BuildError(what, output=finished.output, log=log)
    told = error.to_json()
    for inside, here in ((f"{_HOME}/lib/{plan.base_os.id}", plan.output_dir), (f"{_HOME}/project", plan.project.root)):
        told = {key: one.replace(inside, str(here)) if isinstance(one, str) else one for key, one in told.items()}
    return type(error).from_json({**told, "log": str(log)})


def _records(built: Path) -> list[LibraryRecord]:
    manifest = read_manifest(built)
    return manifest.libraries if manifest else []


def _layer_files(record: LibraryRecord) -> list[str]:
    return [name for layer in record.layers for name in layer.files]


def _inspected(record: LibraryRecord, plan: ContainerPlan, built: Path, reporter: Reporter) -> LibraryRecord:
    """The record of a library from the container, once it has passed the inspection on this machine."""
    from ovext.build.gate import pass_inspection  # noqa: PLC0415  it brings the disassembler

    reporter.talk(f"{CHECKING} {record.file}: inspection for {plan.base_os.id} on this machine")
    file = built / record.file
    openvino = find_installed(OpenVINOVersion.parse(plan.image.openvino))
    rejected = rejected_report(plan.output_dir, file.name)
    return record.model_copy(
        update={
            "engine": plan.engine.name,
            "inspection": pass_inspection(
                file,
                [plan.base_os],
                openvino,
                rejected,
                talk=reporter.talk,
                may_fuse=record.fp_contract == "fast",
                settings=plan.project.settings,
            ),
        }
    )


@contextmanager
def _container(engine: Engine, image: str, script: str, *, label: str) -> Iterator[str]:
    """Create a container that runs the shell script once it is started; yields its name.

    Removes it afterwards. First removes containers with the same label, which a killed ovext left behind. The caller
    makes sure that none of them is in use.
    """
    label = f"ovext.tree={hashlib.sha256(label.encode()).hexdigest()[:16]}"
    _remove(engine, *engine.ask("ps", "--all", "--quiet", "--filter", f"label={label}").output.split())
    # A build needs no network: everything that it needs is in the image.
    options = ["--interactive", "--network", "none", "--label", label, "--workdir", _HOME, "--entrypoint", "sh"]
    cache = ["--volume", f"{CACHE_VOLUME}:{_CACHE}"]
    name = engine.create(*options, *cache, image, "-c", script)
    try:
        yield name
    finally:
        _remove(engine, name)


def _remove(engine: Engine, *names: str) -> None:
    for name in names:
        engine.ask("kill", name)  # `rm --force` alone would first wait for it to end by itself
        engine.ask("rm", "--force", name)


def _pack(root: Path, archive: Path) -> None:
    """Archive the project without its build products; the last member is the sentinel."""
    with tarfile.open(archive, "w", dereference=True) as tar:
        for file in source_files(root):
            tar.add(file, file.relative_to(root))
        tar.addfile(tarfile.TarInfo(_SENTINEL))
