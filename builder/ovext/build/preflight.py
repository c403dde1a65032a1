"""Everything that can be wrong before a build starts, told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from ovext.build.machine import look_at_machine
from ovext.build.plan import BuildPlan, BuildRequest, check_request, plan_build
from ovext.errors import OvextError
from ovext.project import load_project
from ovext.scaffold.sync import check_derived

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ovext.build.plan import Machine
    from ovext.project import Project

Result = TypeVar("Result")


def plan_with_all_problems(request: BuildRequest, project: Path, openvino: str | None) -> BuildPlan:
    """The plan for a project folder on this machine.

    Raises:
        OvextError: of the class of the first problem; its text has all of them.
    """
    problems: list[OvextError] = []

    def attempt(step: Callable[[], Result]) -> Result | None:
        try:
            return step()
        except OvextError as error:
            problems.append(error)
            return None

    attempt(lambda: check_request(request))
    loaded = attempt(lambda: load_project(project))
    machine = attempt(lambda: look_at_machine(loaded, openvino))
    if loaded is not None:
        attempt(lambda: _check_ops(loaded))
    if problems:
        raise OvextError.of_several(problems)
    return plan_build(request, cast("Project", loaded), cast("Machine", machine))


def _check_ops(project: Project) -> None:
    project.check_ops()
    check_derived(project)
