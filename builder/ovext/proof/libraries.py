"""Which library each op of a project is tested in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ovext.build.execute import run_build
from ovext.build.plan import BuildRequest
from ovext.build.resolve import plan_on_host
from ovext.errors import ProjectError

if TYPE_CHECKING:
    from ovext.build.execute import BuildResult
    from ovext.build.host import Reporter
    from ovext.project import OpDescription, Project


def build_to_test(project: Project, openvino: str | None, reporter: Reporter) -> BuildResult:
    """Build the project into lib/, and return the result.

    Raises:
        OvextError: the errors of plan_on_host and run_build.
    """
    request = BuildRequest(project.root, Path("lib").absolute(), openvino=openvino)
    return run_build(plan_on_host(request), reporter)


def library_with(op: OpDescription, result: BuildResult, project: Project) -> Path:
    """The library with the op; if several have it, one that loads in every process.

    Raises:
        ProjectError: no library has it.
    """
    having = [one for one in result.libraries if any((has.type, has.opset) == (op.type, op.opset) for has in one.ops)]
    if not having:
        fix = "Name its folder after OPS in ovext_add_extension()."
        raise ProjectError(f"no library of the project has the op {op.type}", where=project.root, fix=fix)
    return result.output_dir / min(having, key=lambda one: one.link != "needed").file
