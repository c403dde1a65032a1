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


def plan_with_all_problems(
    request: BuildRequest, project: Path, openvino: str | None, engine_reason: str = ""
) -> BuildPlan:
    """The plan for a project folder on this machine; `engine_reason` says why here.

    Raises:
        OvextError: of the class of the first problem; its text has all of them.
    """
    problems = Problems()
    loaded = problems.of_project(request, project)
    machine = problems.attempt(lambda: look_at_machine(loaded, openvino))
    problems.raise_all()
    return plan_build(request, cast("Project", loaded), cast("Machine", machine), engine_reason)


def load_with_all_problems(request: BuildRequest, project: Path) -> Project:
    """The project, where nothing of this machine matters but that it holds it.

    Raises:
        OvextError: of the class of the first problem; its text has all of them.
    """
    problems = Problems()
    loaded = problems.of_project(request, project)
    problems.raise_all()
    return cast("Project", loaded)


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

    def of_project(self, request: BuildRequest, project: Path) -> Project | None:
        """The project, if it can be read, once request and ops have been looked at as well."""
        self.attempt(lambda: check_request(request))
        loaded = self.attempt(lambda: load_project(project))
        if loaded is not None:
            self.attempt(lambda: check_derived(loaded))
        return loaded

    def raise_all(self) -> None:
        """Raise what failed, if anything did."""
        if self._found:
            raise OvextError.of_several(self._found)
