"""What a run of a matrix will do."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from ovext.build.plan import AUTO, HOST
from ovext.build.resolve import EngineChoice, choose_engine
from ovext.errors import ToolError, UsageError
from ovext.package.conan import find_conan
from ovext.package.matrix.cells import CONAN, LIBRARY, WHEEL
from ovext.toolchain.cmake import LAUNCHER, settings_of_this_machine
from ovext.toolchain.compiler import find_compiler
from ovext.toolchain.process import cpu_count, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
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
    engines: Mapping[str, EngineChoice]  # by the image that containers of a base OS are made from
    conan_remotes: Sequence[str]
    environment: Mapping[str, str]
    keep_going: bool
    resume: bool

    def command(self, cell: Cell) -> list[str]:
        """The command that builds a cell."""
        ovext = [sys.executable, "-m", "ovext"]
        if cell.product != LIBRARY:
            step = ["wheel"] if cell.product == WHEEL else ["package-step", "conan"]
            asked = [part for remote in self.conan_remotes for part in ("--remote", remote)]
            place = ["--openvino", cell.openvino, "--output", str(cell.output(self.output))]
            return [*ovext, *step, str(cell.project), *place, *(asked if cell.product == CONAN else [])]
        target = ["--base-os", cell.base_os, "--openvino", cell.openvino, "--build-type", cell.build_type]
        choice = self.engines[cell.image]
        where = ["--engine", choice.name, "--output", str(cell.output(self.output))]
        if choice.engine is not None:
            where += ["--base-image", cell.image]
        return [*ovext, "build", str(cell.project), *target, *where, "--jobs", str(self.compilers)]

    def log(self, cell: Cell) -> Path:
        """The log of a cell's build."""
        return self.output / "logs" / f"{cell.id}.log"

    def settings(self, cell: Cell) -> dict[str, str | None]:
        """The inputs of a cell other than its sources."""
        if cell.product == CONAN:
            return {"conan": _conan(), "remotes": ",".join(self.conan_remotes)}
        if cell.product == LIBRARY and self.engines[cell.image].engine is not None:
            return {"engine": self.engines[cell.image].name, "image": cell.image}
        launcher = self.environment.get(LAUNCHER)
        return {"engine": HOST, "compiler": _compiler(), "launcher": launcher, **settings_of_this_machine()}


def plan_matrix(
    cells: Sequence[Cell],
    output: Path,
    *,
    engine: str | None,
    conan_remotes: Sequence[str],
    launcher: Launcher,
    jobs: int,
    keep_going: bool,
    resume: bool,
    talk: Callable[[str], None] | None,
) -> MatrixPlan:
    """The plan for these cells. `talk` receives messages about slow steps; without it, no image is pulled.

    Raises:
        UsageError: the engine cannot use the launcher.
        ToolError: the launcher's programs are missing.
        EngineError: the requested container engine is not alive.
    """
    environment = launcher.environment()
    if environment and engine not in {None, AUTO, HOST}:
        raise UsageError(f"--cache and --distribute do not reach into {engine}", fix="Use --engine host with them.")
    near = EngineChoice(None, "compiler caches and farms do not reach into containers") if environment else None
    images = dict.fromkeys(cell.image for cell in cells if cell.product == LIBRARY)
    engines = {image: near or choose_engine(engine, image, talk) for image in images}
    return MatrixPlan(
        cells=tuple(cells),
        output=output,
        jobs=jobs,
        compilers=max(1, cpu_count() // jobs),
        engines=engines,
        conan_remotes=conan_remotes,
        environment=environment,
        keep_going=keep_going,
        resume=resume,
    )


@cache
def _conan() -> str | None:
    """What the user's Conan would build with, if it is here."""
    conan = find_conan()
    asked = (
        [run([conan, *words]) for words in (["--version"], ["config", "home"], ["profile", "show"])] if conan else []
    )
    return "\n".join(one.output for one in asked) or None


@cache  # each call would start the compiler
def _compiler() -> str | None:
    """What identifies this machine's compiler, if it has one."""
    try:
        found = find_compiler()
    except ToolError:
        return None
    return f"{found.id} {found.version} {found.path}"
