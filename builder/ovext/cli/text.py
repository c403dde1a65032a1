"""How results are printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovext.build.plan import Decision


def shortened_path(path: Path) -> str:
    """The path relative to the working directory if it is below it, else unchanged."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def talk(text: str) -> None:
    """Print a line about what is being done, on stderr."""
    typer.echo(text, err=True)


def to_json(data: Any) -> str:
    return json.dumps(data, indent=2, default=str)


def show_steps(steps: Sequence[str], *, as_json: bool) -> None:
    """Print what would be done, on stdout."""
    typer.echo(to_json({"schema": 1, "steps": steps}) if as_json else "\n".join(steps))


def show_decisions(decisions: Sequence[Decision]) -> None:
    """Print each automatic choice and its reason, on stderr."""
    width = max(len(decision.subject) for decision in decisions)
    for decision in decisions:
        typer.echo(f"{decision.subject:{width}}  {decision.choice}  ({decision.reason})", err=True)
