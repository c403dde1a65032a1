"""Showing the progress of a matrix: a live table in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from ovext.package.matrix.execute import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.table import Table

    from ovext.package.matrix.cells import Cell
    from ovext.package.matrix.execute import Watcher

_STYLES = {
    Stage.BUILDING: "cyan",
    Stage.GATE: "cyan",
    Stage.DONE: "green",
    Stage.UNCHANGED: "green",
    Stage.FAILED: "bold red",
}
_ACTIVE = {Stage.BUILDING, Stage.GATE, Stage.FAILED}
_MARGIN = 6  # lines of the terminal that are not rows


@contextmanager
def watching(cells: Sequence[Cell]) -> Iterator[Watcher]:
    """Show the progress of the cells while the block runs."""
    if not sys.stderr.isatty():
        yield _PlainStages()
        return
    from rich.live import Live

    from ovext.cli.console import Console

    console = Console(stderr=True)
    table = _LiveTable(cells, console)
    with Live(table, console=console, refresh_per_second=8, transient=True):
        yield table


class _PlainStages:
    """One line for each stage that a cell reaches."""

    def __init__(self) -> None:
        self._told: set[tuple[str, Stage]] = set()

    def talk(self, text: str) -> None:
        typer.echo(text, err=True)

    def at(self, cell: Cell, stage: Stage, detail: str = "") -> None:
        if (cell.id, stage) not in self._told:
            self._told.add((cell.id, stage))
            told = f": {detail}" if detail and stage is Stage.FAILED else ""
            typer.echo(f"{cell.id}: {stage.value}{told}", err=True)


@dataclass
class _Row:
    stage: Stage = Stage.QUEUED
    detail: str = ""
    since: float = 0.0
    seconds: float | None = None


class _LiveTable:
    """A row for each cell. If the terminal has too few lines, only for cells that are running or have failed."""

    def __init__(self, cells: Sequence[Cell], console: Console) -> None:
        self._rows = {cell.id: _Row() for cell in cells}
        self._console = console

    def talk(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False)

    def at(self, cell: Cell, stage: Stage, detail: str = "") -> None:
        row = self._rows[cell.id]
        if row.stage is Stage.QUEUED:
            row.since = time.monotonic()
        row.stage, row.detail = stage, detail
        if stage not in {Stage.BUILDING, Stage.GATE}:
            row.seconds = time.monotonic() - row.since

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._table(console.size.height - _MARGIN)
        ended = sum(row.seconds is not None for row in self._rows.values())
        yield f"{ended} of {len(self._rows)} cells"

    def _table(self, lines: int) -> Table:
        from rich.table import Table
        from rich.text import Text

        table = Table("cell", "", "seconds", box=None, pad_edge=False, show_header=False)
        shown = list(self._rows.items())
        if len(shown) > lines:
            shown = [(name, row) for name, row in shown if row.stage in _ACTIVE][-lines:]
        for name, row in shown:
            told = f"{row.stage.value} {row.detail}".strip()
            seconds = row.seconds if row.seconds is not None else time.monotonic() - row.since
            took = "" if row.stage is Stage.QUEUED else f"{seconds:.1f}"
            table.add_row(name, Text(told, style=_STYLES.get(row.stage, "dim")), took)
        return table
