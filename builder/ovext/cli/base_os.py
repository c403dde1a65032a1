"""`ovext base-os`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ovext.cli.options import EngineOption, JsonOption

if TYPE_CHECKING:
    from ovext.targets.base_os import BaseOS


def base_os(
    image: Annotated[
        str | None, typer.Argument(help="An image, for whose row of [[tool.ovext.base-os]] the text is printed.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--id", metavar="NAME", help="The id of that row.", show_default="from the image")
    ] = None,
    engine: EngineOption = None,
    json: JsonOption = False,
) -> None:
    """Show what each base OS has, also those of the project in this folder; or what an image has."""
    from ovext.build.base_image import to_toml
    from ovext.cli.text import to_json
    from ovext.errors import UsageError
    from ovext.project.read import base_oses_of
    from ovext.targets.base_os import base_oses

    if image is None:
        if name is not None:
            raise UsageError("--id is for the row of an image", fix="Name the image too.")
        bases = [*base_oses(), *base_oses_of(Path())]
        if json:
            typer.echo(to_json({"schema": 1, "base-os": [base.model_dump() for base in bases]}))
            return
        width = max(len(", ".join(base.names)) for base in bases)
        typer.secho(f"{'base OS':{width}}  GLIBC   GLIBCXX  CXXABI  image", bold=True)
        for base in bases:
            row = f"{base.glibc:6}  {base.glibcxx:7}  {base.cxxabi:6}  {base.image.partition('@')[0]}"
            typer.echo(f"{', '.join(base.names):{width}}  {row}".rstrip())
        return
    found = _read(image, name, engine)
    typer.echo(to_json({"schema": 1, "base-os": [found.model_dump()]}) if json else to_toml(found), nl=json)


def _read(image: str, name: str | None, engine: str | None) -> BaseOS:
    from ovext.build.base_image import read_base_image
    from ovext.build.resolve import choose_engine
    from ovext.cli.text import talk
    from ovext.errors import EngineError

    name = _name_for(image, name)
    choice = choose_engine(engine, image, None)
    if choice.engine is None:
        raise EngineError(f"an image is read by a container engine, and {choice.reason}")
    choice.engine.get(image, talk)
    return read_base_image(choice.engine, image, name)


def _name_for(image: str, asked: str | None) -> str:
    """The id of the row: the one that was asked for, or one from the image's name."""
    import re

    from pydantic import TypeAdapter, ValidationError

    from ovext.errors import UsageError
    from ovext.targets.base_os import RESERVED, BaseOSName, names_of_base_oses

    last = re.sub(r"[^a-z0-9]+", "", Path(image.partition("@")[0]).name.lower())[:32]
    name = asked if asked is not None else last
    if asked is None and (name in names_of_base_oses() or not name):
        name = f"{name}-image".strip("-")
    try:
        TypeAdapter(BaseOSName).validate_python(name)
    except ValidationError as error:
        raise UsageError(
            f"'{name}' is no id of a base OS: {error.errors()[0]['msg']}", fix="Give another --id."
        ) from None
    if name in {*names_of_base_oses(), *RESERVED}:
        raise UsageError(f"{name} is a word of ovext's own", fix="Give another --id.")
    return name
