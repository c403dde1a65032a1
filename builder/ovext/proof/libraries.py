"""Which library each op of a project is tested in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ovext.build.plan import BuildRequest
from ovext.build.resolve import plan_on_host
from ovext.build.run import run_build
from ovext.errors import ProjectError
from ovext.loading import find_library

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovext.build.host import Reporter
    from ovext.build.run import BuildResult
    from ovext.project import OpDescription, Project


def named_libraries(ops: Sequence[OpDescription], named: Path) -> dict[str, Path]:
    """For the type of each op the library named: the file itself, or that of a folder which has the op.

    Raises:
        LibraryError: the library named does not exist, or none in the folder has an op.
    """
    return {op.type: find_library(named, op=op.type)[0] for op in ops}


def built_libraries(
    project: Project, ops: Sequence[OpDescription], openvino: str | None, reporter: Reporter
) -> dict[str, Path]:
    """For the type of each op the library that a build of the project gives now.

    Raises:
        OvextError: as plan_on_host and run_build do.
        ProjectError: no library has the op.
    """
    request = BuildRequest(project.root, Path("lib").absolute(), openvino=openvino)
    result = run_build(plan_on_host(request), reporter)
    return {op.type: _library_with(op, result, project) for op in ops}


def _library_with(op: OpDescription, result: BuildResult, project: Project) -> Path:
    """Of several, one that loads in every process."""
    having = [one for one in result.libraries if any((has.type, has.opset) == (op.type, op.opset) for has in one.ops)]
    if not having:
        fix = "Name its folder after OPS in ovext_add_extension()."
        raise ProjectError(f"no library of the project has the op {op.type}", where=project.root, fix=fix)
    return result.output_dir / min(having, key=lambda one: one.link != "needed").file
