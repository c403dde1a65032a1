"""What a run of a matrix will do."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from ovext.build.plan import AUTO, HOST
from ovext.build.resolve import EngineChoice, choose_engine
from ovext.errors import ToolError, UsageError
from ovext.package.matrix.cells import ANY, LIBRARY, WHEEL
from ovext.targets.base_os import find_base_os
from ovext.toolchain.cmake import settings_of_this_machine
from ovext.toolchain.compiler import find_compiler
from ovext.toolchain.process import cpu_count

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
    engines: Mapping[str, EngineChoice]  # by the base OS
    images: Mapping[str, str]  # that containers of a base OS are made from
    environment: Mapping[str, str]
    keep_going: bool
    resume: bool

    def command(self, cell: Cell) -> list[str]:
        """The command that builds a cell."""
        if cell.product == WHEEL:
            wheel = [sys.executable, "-m", "ovext", "wheel", str(cell.project), "--openvino", cell.openvino]
            return [*wheel, "--output", str(cell.output(self.output))]
        target = ["--base-os", cell.base_os, "--openvino", cell.openvino, "--build-type", cell.build_type]
        choice = self.engines[cell.base_os]
        where = ["--engine", choice.name, "--output", str(cell.output(self.output))]
        if choice.engine is not None:
            where += ["--base-image", self.images[cell.base_os]]
        build = [sys.executable, "-m", "ovext", "build", str(cell.project), *target, *where]
        return [*build, "--jobs", str(self.compilers)]

    def log(self, cell: Cell) -> Path:
        """The log of a cell's build."""
        return self.output / "logs" / f"{cell.id}.log"

    def settings(self, cell: Cell) -> dict[str, str | None]:
        """The inputs of a cell other than its sources."""
        choice = self.engines[cell.base_os]
        if choice.engine is not None:
            return {"engine": choice.name, "image": self.images[cell.base_os]}
        launcher = self.environment.get("CMAKE_CXX_COMPILER_LAUNCHER")
        return {"engine": HOST, "compiler": _compiler(), "launcher": launcher, **settings_of_this_machine()}


def plan_matrix(
    cells: Sequence[Cell],
    output: Path,
    *,
    engine: str | None,
    base_image: Mapping[str, str],
    launcher: Launcher,
    jobs: int,
    keep_going: bool,
    resume: bool,
    talk: Callable[[str], None] | None,
) -> MatrixPlan:
    """The plan for these cells. `talk` receives messages about slow steps; without it, no image is pulled.

    `base_image` has images for some base OSes instead of the table's.

    Raises:
        UsageError: the engine cannot use the launcher.
        ToolError: the launcher's programs are missing.
        EngineError: the requested container engine is not alive.
    """
    environment = launcher.environment()
    if environment and engine not in {None, AUTO, HOST}:
        raise UsageError(f"--cache and --distribute do not reach into {engine}", fix="Use --engine host with them.")
    near = EngineChoice(None, "compiler caches and farms do not reach into containers") if environment else None
    systems = dict.fromkeys(cell.base_os for cell in cells if cell.product == LIBRARY)
    images = {name: base_image.get(name) or find_base_os(name).image for name in systems}
    of_wheels = EngineChoice(None, "a wheel's tag follows from its library")
    engines = {ANY: of_wheels} if any(cell.product == WHEEL for cell in cells) else {}
    engines |= {name: near or choose_engine(engine, image, talk) for name, image in images.items()}
    return MatrixPlan(
        cells=tuple(cells),
        output=output,
        jobs=jobs,
        compilers=max(1, cpu_count() // jobs),
        engines=engines,
        images=images,
        environment=environment,
        keep_going=keep_going,
        resume=resume,
    )


@cache  # each call would start the compiler
def _compiler() -> str | None:
    """What identifies this machine's compiler, if it has one."""
    try:
        found = find_compiler()
    except ToolError:
        return None
    return f"{found.id} {found.version} {found.path}"
