"""The engines `docker` and `podman`: the build runs in a container of the base OS, and the result comes back."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovext.build.host import compiler_messages, ninja_progress
from ovext.build.image import BuilderImage, ensure_image
from ovext.build.manifest import LibraryRecord, read_manifest
from ovext.build.plan import Decision, asked, isa_decision, jobs_decision
from ovext.build.publish import publish
from ovext.build.record import project_record
from ovext.build.run import BuildResult, locked_build_tree
from ovext.errors import BuildError, EngineError
from ovext.files import writing_to
from ovext.project.sources import source_files
from ovext.targets.base_os import DEFAULT_BASE_OS, find_base_os
from ovext.targets.openvino import OpenVINOVersion
from ovext.toolchain.fetch import find_installed
from ovext.toolchain.git import revision_of
from ovext.toolchain.process import shell_line, stream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ovext.build.host import Reporter
    from ovext.build.plan import BuildRequest
    from ovext.project import Project
    from ovext.targets.base_os import BaseOS
    from ovext.toolchain.engine import Engine

_HOME = "/home/builder"
# The last file of the archive: where it is missing, the archive broke off.
_SENTINEL = ".ovext-complete"


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
    *,
    openvino: str | None,
    base_image: str | None,
) -> ContainerPlan:
    """The plan for one project and one target, to be built by a container engine.

    Raises:
        UsageError: the request names something that does not exist.
    """
    spelled = request.base_os or DEFAULT_BASE_OS
    base_os = find_base_os(spelled)
    release = str(OpenVINOVersion.parse(openvino or project.settings.default_openvino))
    chosen = {"--base-os": base_os.id, "--isa": request.isa, "--build-type": request.build_type}
    chosen["--jobs"] = str(request.jobs) if request.jobs else None
    options = [part for option, value in chosen.items() if value for part in (option, value)]
    tree = f"{engine.name}-{base_os.id}-openvino{release}"
    openvino_reason = f"--openvino {openvino}" if openvino else "the project's default"
    return ContainerPlan(
        project=project,
        base_os=base_os,
        engine=engine,
        image=BuilderImage(base_os, base_image or base_os.image, release),
        command=("build", f"{_HOME}/project", "--engine", "host", "--output", f"{_HOME}/lib", *options),
        build_dir=project.root / "build" / tree,
        output_dir=request.output_root / spelled,
        decisions=(
            Decision("base OS", f"{base_os.id} ({base_os.title})", asked("--base-os", request.base_os)),
            Decision("engine", engine.name, reason),
            Decision("base image", base_image or base_os.image, asked("--base-image", base_image)),
            Decision("OpenVINO", release, openvino_reason),
            isa_decision(request, project),
            jobs_decision(request, "all"),
            Decision("compiler", base_os.cxx, f"that of {base_os.title}"),
        ),
    )


def run_in_container(plan: ContainerPlan, reporter: Reporter) -> BuildResult:
    """Build in a container, inspect what comes back on this machine, and publish it.

    Raises:
        EngineError: the base image is not to be had, or the engine cannot run a container.
        BuildError, GateError, FilesError: nothing is published.
    """
    started = time.monotonic()
    with writing_to(plan.output_dir):
        plan.output_dir.mkdir(parents=True, exist_ok=True)
    with locked_build_tree(plan.build_dir, reporter):
        log = plan.build_dir / "ovext-build.log"
        with writing_to(plan.build_dir):
            log.unlink(missing_ok=True)
            engine = ready_engine(plan.engine, plan.image.base_image, reporter)
            tag, engine = ensure_image(plan.image, engine, log, reporter)
            built = _build(plan, engine, tag, log, reporter)
        records = [_inspected(record, plan, built) for record in _records(built)]
        files = {built / record.file: record for record in records}
        layers = {name: (built / name).read_text(encoding="utf-8") for one in records for name in _layer_files(one)}
        publish(files, plan.output_dir, reporter.talk, layers)
    return BuildResult(plan.output_dir, tuple(records), up_to_date=False, seconds=time.monotonic() - started)


def ready_engine(engine: Engine, base_image: str, reporter: Reporter) -> Engine:
    """The engine with what it needs here, once it has the base image.

    Raises:
        EngineError: it cannot get the image, or cannot run it.
    """
    if not engine.has(base_image):
        reporter.talk(f"Getting the image {base_image}")
        engine.pull(base_image)
    able = engine.able_to_run(base_image)
    for one in able.workarounds[len(engine.workarounds) :]:
        reporter.talk(f"{engine.name} gets {' '.join(one.options)}: {one.explanation}")
    return able


def _build(plan: ContainerPlan, engine: Engine, tag: str, log: Path, reporter: Reporter) -> Path:
    """Build in a container of the image `tag`; gives the folder with the result."""
    archive, result = plan.build_dir / "project.tar", plan.build_dir / "result"
    _pack(plan.project.root, archive)
    unpack = f"mkdir project && tar -x --no-same-owner -C project -f - && test -f project/{_SENTINEL}"
    script = f"{unpack} && exec python -m ovext {shell_line(plan.command)}"
    with _container(plan, engine, tag, script) as name:
        start = engine.command("start", "--attach", "--interactive", name)
        finished = stream(start, ninja_progress(reporter), log=log, stdin=archive)
        archive.unlink()
        if not finished.ok:
            raise BuildError(f"The build in {engine.name} failed.", output=compiler_messages(finished), log=log)
        shutil.rmtree(result, ignore_errors=True)
        copied = engine.ask("cp", f"{name}:{_HOME}/lib/{plan.base_os.id}/.", str(result))
        if not copied.ok:
            raise EngineError(f"{engine.name} could not copy the result: {copied.errors.strip()}")
    return result


@contextmanager
def _container(plan: ContainerPlan, engine: Engine, tag: str, script: str) -> Iterator[str]:
    """A container that is not started yet; afterwards it is gone, and so are those that a killed ovext left.

    The caller holds the lock of the build tree, so no other of its containers is in use.
    """
    label = f"ovext.tree={hashlib.sha256(os.fsencode(plan.build_dir)).hexdigest()[:16]}"
    _remove(engine, *engine.ask("ps", "--all", "--quiet", "--filter", f"label={label}").output.split())
    # A build needs no network: all that it takes is in the image.
    options = ["--interactive", "--network", "none", "--label", label, "--workdir", _HOME, "--entrypoint", "sh"]
    created = engine.ask("create", *options, tag, "-c", script)
    if not created.ok:
        raise EngineError(f"{engine.name} could not make a container: {created.errors.strip()}")
    name = created.output.strip().splitlines()[-1]
    try:
        yield name
    finally:
        _remove(engine, name)


def _remove(engine: Engine, *names: str) -> None:
    for name in names:
        engine.ask("kill", name)  # `rm --force` alone would first wait for it to end by itself
        engine.ask("rm", "--force", name)


def _pack(root: Path, archive: Path) -> None:
    """The project without what was built in it, as an archive whose last member is the sentinel."""
    with tarfile.open(archive, "w") as tar:
        for file in source_files(root):
            tar.add(file, file.relative_to(root))
        tar.addfile(tarfile.TarInfo(_SENTINEL))


def _records(built: Path) -> list[LibraryRecord]:
    manifest = read_manifest(built)
    return manifest.libraries if manifest else []


def _layer_files(record: LibraryRecord) -> list[str]:
    return [name for layer in record.layers for name in layer.files]


def _inspected(record: LibraryRecord, plan: ContainerPlan, built: Path) -> LibraryRecord:
    """The record of a library that came back, with what this machine knows of it."""
    from ovext.build.gate import pass_inspection  # noqa: PLC0415  it brings the disassembler

    revision = revision_of(plan.project.root, [plan.project.root / "build", plan.output_dir.parent])
    file = built / record.file
    openvino = find_installed(OpenVINOVersion.parse(plan.image.openvino))
    rejected = plan.output_dir / f"{file.name}.rejected.json"
    return record.model_copy(
        update={
            "engine": plan.engine.name,
            "project": project_record(plan.project, revision),
            "inspection": pass_inspection(file, [plan.base_os], openvino, rejected),
        }
    )
