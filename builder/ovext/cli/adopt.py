"""`ovext adopt`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ovext.errors import UsageError

if TYPE_CHECKING:
    from ovext.scaffold.adopt import Adoption


def adopt(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER|CMakeLists.txt",
            help="The sources of an extension, or the CMakeLists.txt that builds it.",
            show_default=False,
        ),
    ],
    into: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where to put the project. Default: with the sources; in a folder `ovext` there, if they have a "
            "CMakeLists.txt.",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The project's. Default: the library's, or the folder's.", show_default=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write without asking.")] = False,
) -> None:
    """Make a project from an existing extension; its sources stay unchanged.

    Shows the pyproject.toml and the CMakeLists.txt that it would write, and what it could not decide. Existing files
    are never replaced.
    """
    from ovext.cli.text import talk
    from ovext.scaffold.adopt import plan_adoption
    from ovext.scaffold.new import write_new
    from ovext.targets.openvino_version import DEFAULT_RELEASE
    from ovext.toolchain.cmake import find_build_tools
    from ovext.toolchain.fetch import fetched_openvino, find_installed

    openvino = find_installed(None) or fetched_openvino(DEFAULT_RELEASE, talk)
    adoption = plan_adoption(source, into, name, openvino, find_build_tools())
    _show(adoption)
    if not yes:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            typer.echo("Nothing was written. Use --yes to write it.", err=True)
            raise typer.Exit
        if not typer.confirm("Write them?", default=True, err=True):
            raise typer.Exit
    if there := adoption.new.existing():
        raise UsageError(
            f"files are there already, and are not replaced: {', '.join(there)}",
            fix="Name a folder for the project with --into.",
        )
    write_new(adoption.new)
    _next_steps(adoption)


def _show(adoption: Adoption) -> None:
    from ovext.cli.text import shortened_path

    for file, text in adoption.new.files.items():
        typer.echo(f"{shortened_path(adoption.new.root / file)}:\n", err=True)
        typer.echo("".join(f"    {line}\n" if line else "\n" for line in text.splitlines()), err=True)
    for sentence in adoption.undecided:
        typer.echo(f"To look at: {sentence}", err=True)


def _next_steps(adoption: Adoption) -> None:
    from ovext.cli.text import shortened_path

    typer.echo(f"Written. Then: ovext build {shlex.quote(str(shortened_path(adoption.new.root)))}")
