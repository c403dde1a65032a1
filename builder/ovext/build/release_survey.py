"""For which releases of OpenVINO a project builds, and which of them are alike for its libraries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ovext.build.execute import run_build
from ovext.build.plan import check_request
from ovext.build.resolve import plan_on_host
from ovext.errors import OvextError, ToolError
from ovext.inspect.elf import Elf
from ovext.inspect.openvino_symbols import is_of_openvino
from ovext.project import load_project
from ovext.scaffold.sync import check_derived
from ovext.toolchain.included import included_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovext.build.host import Reporter
    from ovext.build.plan import BuildPlan, BuildRequest
    from ovext.toolchain.included import Included


@dataclass(frozen=True)
class Abi:
    """What a project's libraries have of a release: with another one they can only work if it is the same."""

    cxx11: bool
    symbols: frozenset[str]  # that they ask of OpenVINO
    included: Included | None  # None if the compiler does not tell

    def differences(self, other: Abi) -> list[str]:
        """What differs, in words; empty if nothing does."""
        if self.cxx11 != other.cxx11:
            return ["the C++ ABI"]
        counts = {"symbol": len(self.symbols ^ other.symbols)}
        if self.included and other.included:
            counts["class layout"] = len(dict(self.included.classes.items() ^ other.included.classes.items()))
            counts["header"] = len(dict(self.included.headers.items() ^ other.included.headers.items()))
        return [f"{count} {what}{'s' * (count > 1)}" for what, count in counts.items() if count]


@dataclass(frozen=True)
class Survey:
    """How a project builds for one release: its ABI, or what stands against it."""

    release: str
    abi: Abi | None = None
    problem: str = ""


def survey(request: BuildRequest, releases: Sequence[str], reporter: Reporter) -> list[Survey]:
    """Build the project on this machine for each release. Nothing is published.

    Build trees are those of a library for several releases.

    Raises:
        UsageError: the request names something that does not exist.
        ProjectError: the project cannot be read, or its derived files are not up to date.
    """
    check_request(request)
    check_derived(load_project(request.project))
    return [_surveyed(request, release, reporter) for release in releases]


def _surveyed(request: BuildRequest, release: str, reporter: Reporter) -> Survey:
    staging = request.project.absolute() / "build" / "survey" / release
    try:
        plan = plan_on_host(replace(request, openvino=release, output_root=staging, engine="host"))
        reporter.talk(f"For OpenVINO {release}:")
        result = run_build(plan, reporter)
        libraries = [Elf(result.output_dir / record.file) for record in result.libraries]
        symbols = {one.name for elf in libraries for one in elf.undefined if is_of_openvino(one.name)}
        cxx11 = any(record.openvino.cxx11_abi for record in result.libraries)
        return Survey(release, Abi(cxx11, frozenset(symbols), _included(plan)))
    except OvextError as error:
        return Survey(release, problem=error.cause)


def _included(plan: BuildPlan) -> Included | None:
    if plan.machine.compiler.id != "GNU":
        return None
    openvino = plan.machine.openvino_cmake_dir.parent
    try:
        return included_by(plan.build_dir, plan.project.root, plan.machine.compiler.path, openvino)
    except ToolError:
        return None
