"""`ovext sync`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ovext.cli.options import ProjectArgument


def sync(
    project: ProjectArgument = Path(),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if anything has to change.")
    ] = False,
) -> None:
    """Regenerate what follows from each op.toml: attributes.hpp, frameworks.hpp, README.md and the schema.

    Changes no other files. Reports what you have to change by hand.
    """
    from ovext.cli.text import shortened_path
    from ovext.errors import ExitCode
    from ovext.project import load_project
    from ovext.scaffold.sync import plan_sync, write_sync

    planned = plan_sync(load_project(project))
    if not check:
        write_sync(planned)
    for file in planned.files:
        typer.echo(f"{'stale' if check else 'written'}  {shortened_path(file)}")
    for advice in planned.advice:
        typer.secho("by hand  ", fg="yellow", nl=False)
        typer.echo(advice.replace(f"{Path.cwd()}/", ""))
    if not planned.files and not planned.advice:
        typer.echo("Everything is as op.toml says.")
    if check and (planned.files or planned.advice):
        raise typer.Exit(ExitCode.FAILED)
