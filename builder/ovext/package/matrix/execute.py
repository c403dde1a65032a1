"""Running the cells of a matrix, several at once, each as its own `ovext build`."""

from __future__ import annotations

import os
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from ovext.build.execute import CHECKING
from ovext.files import writing_to
from ovext.inner import expecting, take_back
from ovext.lock import folder_lock
from ovext.package.matrix.state import State, inputs_of
from ovext.toolchain.process import stop_threads, stream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ovext.package.matrix.cells import Cell
    from ovext.package.matrix.plan import MatrixPlan

SUMMARIES = ("summary.md", "summary.json")


class Stage(Enum):
    """The state of a cell."""

    QUEUED = "queued"
    BUILDING = "building"
    GATE = "gate"
    DONE = "done"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    LEFT_OUT = "left out"


@dataclass(frozen=True)
class CellResult:
    """How a cell ended. `libraries` has the sha256 of each library by its path in the output folder."""

    cell: Cell
    stage: Stage
    seconds: float = 0.0
    reason: str = ""
    log: Path | None = None
    libraries: Mapping[str, str] | None = None


class Watcher(Protocol):
    """Receives the progress. Calls come from several threads."""

    def talk(self, text: str) -> None:
        """A line for the user."""

    def at(self, cell: Cell, stage: Stage, detail: str = "") -> None:
        """A cell has reached a stage."""


class Followed:
    """A watcher that also tells how each cell is after each change."""

    def __init__(self, watcher: Watcher, cells: Sequence[Cell], tell: Callable[[Sequence[CellResult]], object]) -> None:
        self._watcher, self._tell = watcher, tell
        self._now = {cell: CellResult(cell, Stage.QUEUED) for cell in cells}
        self._lock = Lock()
        tell(tuple(self._now.values()))

    def talk(self, text: str) -> None:
        self._watcher.talk(text)

    def at(self, cell: Cell, stage: Stage, detail: str = "") -> None:
        self._watcher.at(cell, stage, detail)
        with self._lock:
            known = self._now[cell]
            self._now[cell] = CellResult(cell, stage, reason=detail if stage is Stage.FAILED else "")
            if known.stage is not stage:
                self._tell(tuple(self._now.values()))


def run_matrix(plan: MatrixPlan, watcher: Watcher) -> list[CellResult]:
    """Build the cells in order; returns how each ended. Finished cells stay finished when the run is stopped.

    Raises:
        FilesError: the output folder cannot be written.
        KeyboardInterrupt: the run was interrupted, and the builds have ended too.
    """
    with writing_to(plan.output):
        (plan.output / "logs").mkdir(parents=True, exist_ok=True)
        lock = folder_lock(plan.output, "another matrix", watcher.talk)
        with lock, ThreadPoolExecutor(plan.jobs) as pool:
            for summary in SUMMARIES:
                (plan.output / summary).unlink(missing_ok=True)  # of the previous run
            return _Run(plan, watcher, pool).results()


class _Run:
    """The cells of one run. Only the thread that made it touches its state; the other threads build."""

    def __init__(self, plan: MatrixPlan, watcher: Watcher, pool: ThreadPoolExecutor) -> None:
        self._plan, self._watcher, self._pool = plan, watcher, pool
        self._state = State(plan.output)
        self._inputs = {cell: inputs_of(cell, plan.settings(cell), plan.output) for cell in plan.cells}
        self._results: dict[Cell, CellResult] = {}

    def results(self) -> list[CellResult]:
        """How each cell ended, once all have."""
        if self._plan.resume:
            self._take_unchanged()
        queue = [cell for cell in self._plan.cells if cell not in self._results]
        running: set[Future[CellResult]] = set()
        try:
            while running or queue:
                while queue and len(running) < self._plan.jobs:
                    running.add(self._pool.submit(_build, self._plan, queue.pop(0), self._watcher))
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                failed = [not self._take(future.result()) for future in ended]
                if any(failed) and not self._plan.keep_going:
                    queue.clear()
        except BaseException:
            stop_threads(running)
            raise
        return [self._results.get(cell, CellResult(cell, Stage.LEFT_OUT)) for cell in self._plan.cells]

    def _take_unchanged(self) -> None:
        for cell in self._plan.cells:
            if done := self._state.finished(cell, self._inputs[cell]):
                self._results[cell] = CellResult(cell, Stage.UNCHANGED, libraries=done.libraries)
                self._watcher.at(cell, Stage.UNCHANGED)

    def _take(self, result: CellResult) -> bool:
        """Record how a cell ended. Returns whether it is finished."""
        cell = result.cell
        if result.stage is Stage.DONE:
            done = self._state.add(cell, self._inputs[cell], result.seconds)
            result = replace(result, libraries=done.libraries)
            if other := self._same_library(result):
                reason = f"it replaced the library of {other}, which has the same name"
                result = replace(result, stage=Stage.FAILED, reason=reason)
        self._results[cell] = result
        self._watcher.at(cell, result.stage, result.reason)
        return result.stage is Stage.DONE

    def _same_library(self, result: CellResult) -> str | None:
        """The cell of another project that put a library at the same path as this one."""
        own = set(result.libraries or {})
        others = (one for one in self._results.values() if one.cell != result.cell)
        return next((one.cell.id for one in others if own & set(one.libraries or {})), None)


def _build(plan: MatrixPlan, cell: Cell, watcher: Watcher) -> CellResult:
    started = time.monotonic()
    log = plan.log(cell)
    watcher.at(cell, Stage.BUILDING)
    log.unlink(missing_ok=True)
    left = log.with_suffix(".error.json")
    reports = {} if "OVEXT_REPORT_DIR" in os.environ else {"OVEXT_REPORT_DIR": str(plan.output / "reports")}
    environment = {**plan.environment, **reports, **expecting(left)}
    finished = stream(plan.command(cell), partial(_follow, cell, watcher), log=log, env=environment)
    seconds = time.monotonic() - started
    if finished.ok:
        return CellResult(cell, Stage.DONE, seconds, log=log)
    error = take_back(left, log)
    return CellResult(cell, Stage.FAILED, seconds, error.cause if error else finished.how_it_ended(), log)


def _follow(cell: Cell, watcher: Watcher, line: str) -> None:
    if line.startswith("["):
        watcher.at(cell, Stage.BUILDING, line.partition(" ")[0].strip("[]"))
    elif line.startswith(CHECKING):
        watcher.at(cell, Stage.GATE)
