"""`ovext rename` and `ovext remove`."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ovext.cli.options import ProjectArgument

if TYPE_CHECKING:
    from ovext.project import Project
    from ovext.scaffold.rename import Rewrite

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]


def rename(
    project: ProjectArgument,
    old: Annotated[str, typer.Argument(metavar="OLD", help="An op, or OP.NAME for an input, output or attribute.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The new name.")],
    yes: YesOption = False,
) -> None:
    """Rename an op, or an input, output or attribute of one, in op.toml and in all files that follow it.

    Shows the changes first. Models keep their own names: [frameworks] says what they call it.
    """
    from ovext.project import load_project
    from ovext.scaffold.rename import plan_rename

    loaded = load_project(project)
    _decide(loaded, plan_rename(loaded, old, new), yes=yes)


def remove(
    project: ProjectArgument,
    op: Annotated[str, typer.Argument(metavar="OP", help="The op's type.")],
    yes: YesOption = False,
) -> None:
    """Take an op out of a project. Its files are kept in the project's folder `removed`."""
    from ovext.project import load_project
    from ovext.scaffold.rename import plan_removal

    loaded = load_project(project)
    _decide(loaded, plan_removal(loaded, op), yes=yes)


def _decide(project: Project, rewrite: Rewrite, *, yes: bool) -> None:
    """Show the changes, and make them if the user wants that."""
    from ovext.scaffold.rename import apply_rewrite

    _show(project, rewrite)
    is_asking = sys.stdin.isatty() and sys.stderr.isatty()
    if not yes and not (is_asking and typer.confirm("Do it?", default=True, err=True)):
        typer.echo("Nothing was changed." + ("" if is_asking else " With --yes, it is done."), err=True)
        return
    apply_rewrite(project, rewrite)
    for advice in rewrite.advice:
        typer.secho("by hand  ", fg="yellow", nl=False)
        typer.echo(advice.replace(f"{Path.cwd()}/", ""))
    typer.echo("Done. Then: ovext test " + str(project.root).replace(f"{Path.cwd()}/", ""))


def _show(project: Project, rewrite: Rewrite) -> None:
    from ovext.scaffold.derived import is_derived

    for file, text in rewrite.texts.items():
        old = project.root / next((one for one in rewrite.removed if one.parts[2:] == file.parts[2:]), file)
        before = old.read_text(encoding="utf-8") if old.is_file() else ""
        if is_derived(text) or not before:
            typer.echo(f"written  {file}", err=True)
            continue
        for line in difflib.unified_diff(before.splitlines(), text.splitlines(), str(file), str(file), "", "", 0, ""):
            typer.echo(line, err=True)
    for file in rewrite.removed:
        typer.echo(f"removed  {file}", err=True)
    for file, target in rewrite.moved.items():
        typer.echo(f"moved    {file} -> {target}", err=True)
