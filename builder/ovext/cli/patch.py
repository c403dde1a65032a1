"""`ovext patch`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def patch(
    model: Annotated[Path, typer.Argument(metavar="MODEL.xml", help="An OpenVINO IR.")],
    old: Annotated[str, typer.Option("--from", metavar="TYPE", help="The layer type to replace.")],
    new: Annotated[str, typer.Option("--to", metavar="TYPE", help="The type to put there.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="OUT.xml", help="Where to write; the .bin goes beside it.")
    ],
    first: Annotated[bool, typer.Option("--first", help="Only the first such layer.")] = False,
    opset: Annotated[
        str | None, typer.Option(help="The opset to put there too. Default: as it was.", show_default=False)
    ] = None,
) -> None:
    """Give layers of an OpenVINO IR another type, so that an extension computes them.

    Only layer types are looked at, not names; all else in the file stays as it is.
    """
    from ovext.cli.text import shortened_path
    from ovext.files import writing_to
    from ovext.models.patch import patch_file

    with writing_to(output):
        layers = patch_file(model, output, old, new, first=first, opset=opset)
    names = ", ".join(layer.name for layer in layers[:5]) + (", ..." if len(layers) > 5 else "")  # noqa: PLR2004
    count = f"{len(layers)} layer{'s' * (len(layers) != 1)}"
    typer.echo(f"{shortened_path(output.absolute())}: {count} of type {old} made {new} ({names})")
