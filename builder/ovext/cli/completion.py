"""`ovext completion`, and the words that a shell can complete."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

VARIABLE = "_OVEXT_COMPLETE"  # set by the completion script


def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(help="The shell.", show_default=False)],
) -> None:
    """Print a script with which a shell completes ovext's commands, options, base OSes and ops of the project.

    For the current shell: source <(ovext completion bash). Permanently: put that line into ~/.bashrc or ~/.zshrc; for
    fish, write the output to ~/.config/fish/completions/ovext.fish.
    """
    from typer.completion import get_completion_script  # type: ignore[attr-defined]  # it is documented nowhere

    typer.echo(get_completion_script(prog_name="ovext", complete_var=VARIABLE, shell=shell))


def base_oses(incomplete: str) -> list[str]:
    from ovext.errors import OvextError
    from ovext.project.read import base_oses_of
    from ovext.targets.base_os import names_of_base_oses

    try:
        own = base_oses_of(Path())
    except OvextError:
        own = []
    return _beginning(names_of_base_oses(own), incomplete)


def instruction_sets(incomplete: str) -> list[str]:
    """The names, also for the last word of a comma-separated list."""
    from ovext.targets.isa import MULTI, NATIVE, isa_table

    before, comma, last = incomplete.rpartition(",")
    there = before.split(",")
    known = isa_table() if comma else [MULTI, NATIVE, *isa_table()]
    return [before + comma + name for name in _beginning(known, last) if name not in there]


def cpus(incomplete: str) -> list[str]:
    from ovext.inspect.instructions import CPUS

    return _beginning(CPUS, incomplete)


def codes(incomplete: str) -> list[str]:
    """The codes of inspection's findings."""
    from ovext.inspect.codes import CODES

    return _beginning(CODES, incomplete)


def engines(incomplete: str) -> list[str]:
    from ovext.build.plan import CHOICES

    return _beginning(CHOICES, incomplete)


def ops(ctx: typer.Context, incomplete: str) -> list[str]:
    """The ops of the project on the command line, else of the project in the working directory."""
    from ovext.errors import OvextError
    from ovext.project import load_project

    # Arguments before an option that lacks its value are not parsed yet.
    project = Path(ctx.args[0] if ctx.args else ctx.params.get("project") or ".")
    try:
        return _beginning([op.type for op in load_project(project).ops], incomplete)
    except OvextError:
        return []


def _beginning(words: Iterable[str], start: str) -> list[str]:
    return [word for word in words if word.startswith(start)]
