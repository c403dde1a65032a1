"""Turning a request into a plan and carrying it out: on this machine, or in a container engine that can.

All problems that can be found before a build starts are reported at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

from ovext.build.execute import run_build
from ovext.build.plan import AUTO, HOST, BuildPlan, BuildRequest, Machine, check_request, plan_build
from ovext.build.releases import ReleasesPlan, plan_releases, releases_wanted, run_releases
from ovext.errors import EngineError, ImageError, OvextError, UsageError
from ovext.inner import is_inner
from ovext.project import load_project
from ovext.scaffold.sync import check_derived
from ovext.targets.base_os import DEFAULT_BASE_OS
from ovext.targets.openvino_version import DEFAULT_RELEASE
from ovext.toolchain.cmake import find_build_tools, settings_of_this_machine
from ovext.toolchain.compiler import check_binutils, find_compiler
from ovext.toolchain.engine import ENGINES, find_engine
from ovext.toolchain.fetch import cached_cmake_dir
from ovext.toolchain.openvino import choose_openvino, read_openvino
from ovext.toolchain.process import cpu_count

if TYPE_CHECKING:
    from collections.abc import Callable

    from ovext.build.container import ContainerPlan
    from ovext.build.execute import BuildResult
    from ovext.build.host import Reporter
    from ovext.project import Project
    from ovext.toolchain.engine import Engine

Result = TypeVar("Result")


@dataclass(frozen=True)
class EngineChoice:
    """The container engine, or None for this machine, and why."""

    engine: Engine | None
    reason: str

    @property
    def name(self) -> str:
        return self.engine.name if self.engine else HOST


def plan_anywhere(
    request: BuildRequest, talk: Callable[[str], None] | None
) -> BuildPlan | ContainerPlan | ReleasesPlan:
    """The plan. `talk` receives messages about slow steps; without it, no image is pulled to find out.

    Raises:
        OvextError: of the class of the first problem; its text has all of them.
        EngineError: the requested container engine is not alive.
    """
    problems = _Problems()
    project = problems.of_project(request)
    if problems.found and request.engine == HOST:
        problems.attempt(lambda: look_at_machine(project, request.first_openvino))
    problems.raise_all()
    project = cast("Project", project)
    wanted = releases_wanted(request.openvino, project)
    if wanted[0]:
        try:
            return plan_releases(request, project, wanted, lambda one: _plan_one(one, project, talk))
        except EngineError as error:
            raise _with_way_out(error, request) from None
    if talk and request.openvino is None and len(project.settings.openvino) > 1 and not is_inner():
        talk("Building for the one OpenVINO that OpenVINO_DIR names, not for each release that the project lists")
    if request.layout:
        raise UsageError("--layout is for a library for several releases", fix="Give several with --openvino A,B.")
    return _plan_one(request, project, talk)


def _plan_one(request: BuildRequest, project: Project, talk: Callable[[str], None] | None) -> BuildPlan | ContainerPlan:
    """The plan for one release."""
    if request.engine == HOST:
        if request.base_image:
            raise UsageError("--base-image is for builds in containers", fix="Give it with --engine docker or podman.")
        return plan_build(request, project, look_at_machine(project, request.openvino), f"--engine {HOST}")
    base_os = project.settings.find_base_os(request.base_os or DEFAULT_BASE_OS)
    try:
        choice = choose_engine(request.engine, request.base_image or base_os.image, talk)
    except EngineError as error:
        raise _with_way_out(error, request) from None
    if choice.engine is None:
        return plan_build(request, project, look_at_machine(project, request.openvino), choice.reason)
    from ovext.build.container import plan_in_container  # noqa: PLC0415  not needed for a build on this machine

    return plan_in_container(request, project, choice.engine, choice.reason)


def run_anywhere(
    plan: BuildPlan | ContainerPlan | ReleasesPlan, request: BuildRequest, reporter: Reporter
) -> BuildResult:
    """Carry out a plan. If an automatically chosen engine cannot make its image, build on this machine instead.

    Raises:
        OvextError: as `run_build` and `run_in_container` do; nothing is published.
    """
    if isinstance(plan, ReleasesPlan):
        try:
            return run_releases(plan, run_anywhere, reporter)
        except EngineError as error:
            raise _with_way_out(error, request) from None
    if isinstance(plan, BuildPlan):
        return run_build(plan, reporter)
    from ovext.build.container import run_in_container  # noqa: PLC0415  not needed for a build on this machine

    try:
        return run_in_container(plan, reporter)
    except ImageError as error:
        if not request.is_automatic:
            raise
        reason = f"{error.what} The whole output is in {error.log}."
        reporter.talk(f"Building with the engine {HOST} after all: {reason}")
        return run_build(plan_on_host(request, reason), reporter)
    except EngineError as error:
        raise _with_way_out(error, request) from None


def plan_on_host(request: BuildRequest, engine_reason: str = "") -> BuildPlan:
    """The plan for this machine; `engine_reason` says why here.

    Raises:
        OvextError: of the class of the first problem; its text has all of them.
    """
    problems = _Problems()
    project = problems.of_project(request)
    machine = problems.attempt(lambda: look_at_machine(project, request.openvino))
    problems.raise_all()
    return plan_build(request, cast("Project", project), cast("Machine", machine), engine_reason)


def look_at_machine(project: Project | None, openvino: str | None) -> Machine:
    """Compiler, tools and the OpenVINO to use; nothing is fetched.

    Raises:
        ToolError, OpenVINOError, UsageError: something is missing or does not exist.
    """
    default = project.settings.default_openvino if project else DEFAULT_RELEASE
    compiler, tools = find_compiler(), find_build_tools()
    check_binutils(compiler)
    choice = choose_openvino(openvino, default)
    if choice.cmake_dir is not None:
        cmake_dir, version = choice.cmake_dir, str(read_openvino(choice.cmake_dir).version)
    else:
        version = choice.version or default
        cmake_dir = cached_cmake_dir(version)
    return Machine(
        compiler=compiler,
        tools=tools,
        cpus=cpu_count(),
        openvino_version=version,
        openvino_cmake_dir=cmake_dir,
        openvino_reason=choice.reason,
        openvino_is_installed=cmake_dir.is_dir(),
    )


def choose_engine(asked: str | None, base_image: str, talk: Callable[[str], None] | None) -> EngineChoice:
    """The engine for a build on the base image: the requested one, or the first that can do it.

    Args:
        asked: an engine, `host`, or `auto`, which is the default.
        base_image: the image that a container engine must have or get.
        talk: receives messages about slow steps. Without it nothing is pulled or run: any engine that is alive will do.

    Raises:
        EngineError: the requested container engine is not alive.
    """
    if asked == HOST:
        return EngineChoice(None, f"--engine {HOST}")
    if not base_image:
        if asked in {None, AUTO}:
            return EngineChoice(None, "the base OS has no image, and --base-image names none")
        raise EngineError("the base OS has no image, and --base-image names none")
    if asked not in {None, AUTO}:
        return EngineChoice(find_engine(str(asked)), f"--engine {asked}")
    if settings := settings_of_this_machine():
        return EngineChoice(None, f"{', '.join(settings)} is set, which means this machine's tools")
    refused = []
    for name in ENGINES:
        try:
            engine = find_engine(name)
            how = "has" if engine.has(base_image) else "can get"
            return EngineChoice(
                engine.ready(base_image, talk) if talk else engine, f"it is running and {how} the base image"
            )
        except EngineError as error:
            refused.append(error.what)
    return EngineChoice(None, f"no container engine can build: {'; '.join(refused)}")


class _Problems:
    """The errors of several steps, to be reported at once."""

    def __init__(self) -> None:
        self.found: list[OvextError] = []

    def attempt(self, step: Callable[[], Result]) -> Result | None:
        """The step's result; None if it failed."""
        try:
            return step()
        except OvextError as error:
            self.found.append(error)
            return None

    def of_project(self, request: BuildRequest) -> Project | None:
        """The project, if it can be read. Also checks the request and the files derived from each op.toml."""
        self.attempt(lambda: check_request(request))
        project = self.attempt(lambda: load_project(request.project))
        if project is not None:
            self.attempt(lambda: project.settings.find_base_os(request.base_os or DEFAULT_BASE_OS))
            self.attempt(lambda: check_derived(project))
        return project

    def raise_all(self) -> None:
        """Raise the errors found, if any."""
        if self.found:
            raise OvextError.of_several(self.found)


def _with_way_out(error: EngineError, request: BuildRequest) -> EngineError:
    """The error, with the command that needs no engine as its fix."""
    return EngineError(error.what, where=error.where, fix=f"Without a container: {request.on_host()}")
