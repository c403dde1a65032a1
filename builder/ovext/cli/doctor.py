"""`ovext doctor`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ovext.cli.options import JsonOption

if TYPE_CHECKING:
    from ovext.toolchain.survey import Item


def doctor(
    file: Annotated[
        Path | None,
        typer.Argument(help="A library, wheel or folder: does it load here, and why not?", show_default=False),
    ] = None,
    openvino: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION|PATH", help="The OpenVINO to load FILE. Default: the release it requires, if it is here."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Check this machine, with a fix for each problem: compilers, CMake, OpenVINO, engines, emulators, OpenCL, CPU.

    With FILE, also report whether it loads here, as `ovext inspect` does. Exits with 1 when something is wrong.
    """
    from ovext.cli.inspect import inspect_file, show_report
    from ovext.cli.text import to_json
    from ovext.errors import ExitCode
    from ovext.inspect.system import this_machine
    from ovext.toolchain.survey import survey

    reports = inspect_file(file, [this_machine()], openvino) if file else []
    items = survey()
    if json:
        found = [asdict(item) for item in items]
        typer.echo(to_json({"schema": 2, "machine": found, "files": [report.to_json() for report in reports]}))
    else:
        _show(items)
        for report in reports:
            typer.echo()
            show_report(report)
    if any(item.problem for item in items) or not all(report.is_fine for report in reports):
        raise typer.Exit(ExitCode.FAILED)


def _show(items: list[Item]) -> None:
    width = max(len(item.subject) for item in items)
    for item in items:
        color = "red" if item.problem else None
        typer.secho(f"{item.subject:{width}}  {item.found}", fg=color)
        if item.fix:
            typer.echo(f"{'':{width}}  -> {item.fix}")
