"""What a run of a matrix will do."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovext.build.plan import AUTO, HOST
from ovext.errors import ToolError, UsageError
from ovext.toolchain.compiler import find_compiler

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ovext.package.matrix.cache import Launcher
    from ovext.package.matrix.cells import Cell


@dataclass(frozen=True)
class MatrixPlan:
    """What will be run."""

    cells: tuple[Cell, ...]
    output: Path
    jobs: int  # cells at once
    compilers: int  # at once in each cell
    engine: str | None
    environment: Mapping[str, str]
    settings: Mapping[str, str | None]  # what besides the cell decides what comes of it
    keep_going: bool
    resume: bool

    def command(self, cell: Cell) -> list[str]:
        """The build of a cell."""
        target = ["--base-os", cell.base_os, "--openvino", cell.openvino, "--build-type", cell.build_type]
        engine = ["--engine", self.engine] if self.engine else []
        output = ["--output", str(cell.output(self.output)), "--jobs", str(self.compilers)]
        return [sys.executable, "-m", "ovext", "build", str(cell.project), *target, *engine, *output]

    def log(self, cell: Cell) -> Path:
        """What the build of a cell says."""
        return self.output / "logs" / f"{cell.id}.log"


def plan_matrix(
    cells: Sequence[Cell],
    output: Path,
    *,
    engine: str | None,
    launcher: Launcher,
    jobs: int,
    keep_going: bool,
    resume: bool,
) -> MatrixPlan:
    """The plan for these cells.

    Raises:
        UsageError: the engine cannot use the launcher.
        ToolError: the launcher's programs are missing.
    """
    environment = launcher.environment()
    if environment and engine not in {None, AUTO, HOST}:
        raise UsageError(f"--cache and --distribute do not reach into {engine}", fix="Use --engine host with them.")
    chosen = HOST if environment else engine
    return MatrixPlan(
        cells=tuple(cells),
        output=output,
        jobs=jobs,
        compilers=max(1, len(os.sched_getaffinity(0)) // jobs),
        engine=chosen,
        environment=environment,
        settings={"engine": chosen or AUTO, "compiler": _compiler()},
        keep_going=keep_going,
        resume=resume,
    )


def _compiler() -> str | None:
    """What identifies this machine's compiler; a container engine can do without one."""
    try:
        found = find_compiler()
    except ToolError:
        return None
    return f"{found.id} {found.version} {found.path}"
