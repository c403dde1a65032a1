"""`ovext patch`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ovext.cli.options import JsonOption


def patch(
    model: Annotated[Path, typer.Argument(metavar="MODEL.xml", help="An OpenVINO IR.")],
    old: Annotated[str, typer.Option("--from", metavar="TYPE", help="The layer type to replace.")],
    new: Annotated[str, typer.Option("--to", metavar="TYPE", help="The type to replace it with.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="OUT.xml", help="Where to write; the .bin goes beside it.")
    ],
    first: Annotated[bool, typer.Option("--first", help="Only the first such layer.")] = False,
    opset: Annotated[
        str | None, typer.Option(help="The opset to set as well. Default: unchanged.", show_default=False)
    ] = None,
    json: JsonOption = False,
) -> None:
    """Change the type of layers in an OpenVINO IR, so that an extension computes them.

    Layers are found by their type, not their name. Everything that you do not ask for stays unchanged.
    """
    from ovext.cli.text import shortened_path, to_json
    from ovext.files import writing_to
    from ovext.models.patch import patch_file

    with writing_to(output):
        layers = patch_file(model, output, old, new, first=first, opset=opset)
    if json:
        changed = [layer.name for layer in layers]
        typer.echo(to_json({"schema": 1, "output": output.absolute(), "from": old, "to": new, "layers": changed}))
        return
    names = ", ".join(layer.name for layer in layers[:5]) + (", ..." if len(layers) > 5 else "")  # noqa: PLR2004
    count = f"{len(layers)} layer{'s' * (len(layers) != 1)}"
    typer.echo(f"{shortened_path(output.absolute())}: {count} of type {old} made {new} ({names})")
