"""A build on this machine or in a container, as is asked for or possible."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.build.engines import choose_engine
from ovext.build.plan import AUTO, HOST, BuildPlan
from ovext.build.preflight import load_with_all_problems, plan_with_all_problems
from ovext.build.run import run_build
from ovext.errors import EngineError, ImageError, UsageError
from ovext.targets.base_os import DEFAULT_BASE_OS, find_base_os
from ovext.toolchain.process import shell_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from ovext.build.container import ContainerPlan
    from ovext.build.host import Reporter
    from ovext.build.plan import BuildRequest
    from ovext.build.run import BuildResult


@dataclass(frozen=True)
class Order:
    """A build as it was asked for."""

    request: BuildRequest
    project: Path
    openvino: str | None = None
    base_image: str | None = None

    @property
    def is_automatic(self) -> bool:
        return self.request.engine in {None, AUTO}

    def on_host(self) -> str:
        """The command that builds the same on this machine."""
        request = self.request
        output = None if request.output_root == Path.cwd() / "lib" else str(request.output_root)
        options = request.options(base_os=request.base_os, openvino=self.openvino, output=output)
        return shell_line(["ovext", "build", str(self.project), *options, "--engine", HOST])


def plan_anywhere(order: Order, talk: Callable[[str], None] | None) -> BuildPlan | ContainerPlan:
    """The plan; without `talk`, which is told of what takes long, no image is pulled to find out what is possible.

    Raises:
        OvextError: of the class of the first problem; its text has all of them.
        EngineError: the container engine asked for is not alive.
    """
    request = order.request
    if request.engine == HOST:
        if order.base_image:
            raise UsageError("--base-image is for builds in containers", fix="Give it with --engine docker or podman.")
        return plan_with_all_problems(request, order.project, order.openvino, f"--engine {HOST}")
    project = load_with_all_problems(request, order.project)
    image = order.base_image or find_base_os(request.base_os or DEFAULT_BASE_OS).image
    try:
        choice = choose_engine(request.engine, image, talk)
    except EngineError as error:
        raise _with_way_out(error, order) from None
    if choice.engine is None:
        return plan_with_all_problems(request, order.project, order.openvino, choice.reason)
    from ovext.build.container import plan_in_container  # noqa: PLC0415  a build on this machine does without

    return plan_in_container(
        request, project, choice.engine, choice.reason, openvino=order.openvino, base_image=order.base_image
    )


def run_anywhere(plan: BuildPlan | ContainerPlan, order: Order, reporter: Reporter) -> BuildResult:
    """Carry out a plan. Where the choice was automatic and the engine cannot make its image, build on this machine.

    Raises:
        OvextError: as `run_build` and `run_in_container` do; nothing is published.
    """
    if isinstance(plan, BuildPlan):
        return run_build(plan, reporter)
    from ovext.build.container import run_in_container  # noqa: PLC0415  a build on this machine does without

    try:
        return run_in_container(plan, reporter)
    except ImageError as error:
        if not order.is_automatic:
            raise
        reason = f"{error.what} The whole output is in {error.log}."
        reporter.talk(f"Building with the engine {HOST} after all: {reason}")
        return run_build(plan_with_all_problems(order.request, order.project, order.openvino, reason), reporter)
    except EngineError as error:
        raise _with_way_out(error, order) from None


def _with_way_out(error: EngineError, order: Order) -> EngineError:
    """The error, with the command that does without an engine."""
    return EngineError(error.what, where=error.where, fix=f"Without a container: {order.on_host()}")
