"""Showing the progress of a build: a bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress

    from ovext.build.host import Reporter


@contextmanager
def build_progress() -> Iterator[Reporter]:
    if not sys.stderr.isatty():
        yield _PlainProgress()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from ovext.cli.console import Console

    columns = (
        TextColumn("Building"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, expand=True) as progress:
        yield _Bar(progress)


class _PlainProgress:
    def talk(self, text: str) -> None:
        typer.echo(text, err=True)

    def progress(self, done: int, total: int, what: str) -> None:
        typer.echo(f"[{done}/{total}] {what}", err=True)


class _Bar:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None, visible=False)

    def talk(self, text: str) -> None:
        self._progress.console.print(text, markup=False, highlight=False)

    def progress(self, done: int, total: int, what: str) -> None:
        name = what.rsplit("/", 1)[-1]
        self._progress.update(self._task, completed=done, total=total, description=name, visible=True)
