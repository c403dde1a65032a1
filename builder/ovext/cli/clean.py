"""`ovext clean`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Annotated

import typer

from ovext.cli.options import ProjectArgument


def clean(
    project: ProjectArgument = Path(),
    images: Annotated[
        bool,
        typer.Option("--images", help="Remove the builder images of all projects and their compiler cache instead."),
    ] = False,
) -> None:
    """Remove a project's build trees. What was built into lib/ and dist/ stays."""
    from ovext.cli.text import shortened_path
    from ovext.files import writing_to
    from ovext.project import load_project

    if images:
        _clean_images()
        return
    folder = load_project(project).root / "build"
    with writing_to(folder):
        if folder.is_symlink() or not folder.is_dir():
            why = "is not there" if not os.path.lexists(folder) else "is no folder of its own, and stays"
            typer.echo(f"There is nothing to remove: {shortened_path(folder)} {why}.")
            return
        shutil.rmtree(folder)
    typer.echo(f"removed  {shortened_path(folder)}")


def _clean_images() -> None:
    from ovext.build.image import remove_images
    from ovext.errors import EngineError, ExitCode
    from ovext.toolchain.engine import ENGINES, find_engine

    removed, problems = 0, []
    for name in ENGINES:
        try:
            engine = find_engine(name)
        except EngineError:
            continue
        for image, problem in remove_images(engine).items():
            if problem:
                problems.append(f"{name} keeps {image}: {problem}")
                continue
            removed += 1
            typer.echo(f"removed  {image} ({name})")
    for problem in problems:
        typer.secho(problem, err=True)
    if not removed and not problems:
        typer.echo("There is nothing to remove: no container engine that runs here has a builder image.")
    if problems:
        raise typer.Exit(ExitCode.ENGINE)
