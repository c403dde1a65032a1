"""Everything that can be wrong before a build starts, told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from ovext.build.container import plan_in_container
from ovext.build.engines import choose_engine
from ovext.build.machine import look_at_machine
from ovext.build.plan import HOST, BuildPlan, BuildRequest, check_request, plan_build
from ovext.errors import OvextError
from ovext.project import load_project
from ovext.scaffold.sync import check_derived
from ovext.targets.base_os import DEFAULT_BASE_OS, find_base_os

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ovext.build.container import ContainerPlan
    from ovext.build.plan import Machine
    from ovext.project import Project

Result = TypeVar("Result")


def plan_with_all_problems(request: BuildRequest, project: Path, openvino: str | None) -> BuildPlan:
    """The plan for a project folder on this machine.

    Raises:
        OvextError: of the class of the first problem; its text has all of them.
    """
    problems = Problems()
    problems.attempt(lambda: check_request(request))
    loaded = problems.attempt(lambda: load_project(project))
    machine = problems.attempt(lambda: look_at_machine(loaded, openvino))
    problems.attempt(lambda: _check_ops(loaded))
    problems.raise_all()
    reason = f"--engine {HOST}" if request.engine else ""
    return plan_build(request, cast("Project", loaded), cast("Machine", machine), reason)


def plan_with_engine(
    request: BuildRequest, project: Path, openvino: str | None, base_image: str | None, *, may_pull: bool
) -> BuildPlan | ContainerPlan:
    """The plan for a project folder, on this machine or in a container, as the request says or as is possible here.

    Raises:
        OvextError: of the class of the first problem; its text has all of them.
    """
    if request.engine == HOST:
        return plan_with_all_problems(request, project, openvino)
    problems = Problems()
    problems.attempt(lambda: check_request(request))
    loaded = problems.attempt(lambda: load_project(project))
    problems.attempt(lambda: _check_ops(loaded))
    problems.raise_all()
    image = base_image or find_base_os(request.base_os or DEFAULT_BASE_OS).image
    choice = choose_engine(request.engine, image, may_pull=may_pull)
    if choice.engine is not None:
        return plan_in_container(
            request, cast("Project", loaded), choice.engine, choice.reason, openvino=openvino, base_image=base_image
        )
    machine = look_at_machine(loaded, openvino)
    return plan_build(request, cast("Project", loaded), machine, choice.reason)


class Problems:
    """The errors of several steps, to be told at once."""

    def __init__(self) -> None:
        self._found: list[OvextError] = []

    def attempt(self, step: Callable[[], Result]) -> Result | None:
        """What the step gives; None where it failed."""
        try:
            return step()
        except OvextError as error:
            self._found.append(error)
            return None

    def raise_all(self) -> None:
        """Raise what failed, if anything did."""
        if self._found:
            raise OvextError.of_several(self._found)


def _check_ops(project: Project | None) -> None:
    if project is not None:
        project.check_ops()
        check_derived(project)
