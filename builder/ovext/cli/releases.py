"""`ovext releases`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ovext.cli.options import IsaOption, JsonOption, exact_releases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovext.build.release_survey import Survey


def releases(
    project: Annotated[
        Path | None, typer.Argument(help="The folder of an extension project, which is built for each release.")
    ] = None,
    openvino: Annotated[
        str | None,
        typer.Option(
            "--openvino",
            metavar="VERSION[,VERSION...]",
            callback=exact_releases,
            help="These releases. Default: all on the index; with a project, those that it lists, those that were "
            "fetched before, and the newest.",
            show_default=False,
        ),
    ] = None,
    isa: IsaOption = None,
    json: JsonOption = False,
) -> None:
    """Show OpenVINO's releases: which are on the index or fetched, and for which a project builds.

    Exits with 1 if the project does not build for a release that it lists.
    """
    from ovext.build.plan import BuildRequest
    from ovext.build.release_survey import survey
    from ovext.cli.progress import build_progress
    from ovext.cli.text import talk, to_json
    from ovext.errors import OpenVINOError
    from ovext.project import load_project
    from ovext.targets.openvino_version import OpenVINOVersion
    from ovext.toolchain.fetch import fetched_releases
    from ovext.toolchain.index import releases_on_index

    listed = load_project(project).settings.openvino if project else []
    try:
        on_index = releases_on_index(also_builds=True)
    except OpenVINOError as error:
        talk(error.what)
        on_index = []
    final = [str(one) for one in on_index if not one.suffix]
    default = [*listed, *fetched_releases(), *final[: 1 if project else None]]
    versions = {OpenVINOVersion.parse(one) for one in (openvino.split(",") if openvino else default)}
    wanted = [str(one) for one in sorted(versions, reverse=True)]
    surveys: list[Survey] = []
    if project:
        with build_progress() as reporter:
            surveys = survey(BuildRequest(project, Path(), isa=isa), wanted, reporter)
    fetched = fetched_releases()
    rows = [_row(one, [str(each) for each in on_index], fetched, surveys) for one in wanted]
    if json:
        typer.echo(to_json({"schema": 1, "releases": rows}))
    else:
        _show(rows)
    if any(row["problem"] and row["release"] in listed for row in rows):
        raise typer.Exit(1)


def _row(release: str, on_index: Sequence[str], fetched: Sequence[str], surveys: Sequence[Survey]) -> dict[str, Any]:
    """What is known of a release; None for what is not."""
    at = next((number for number, one in enumerate(surveys) if one.release == release), None)
    abi = None if at is None else surveys[at].abi
    newer = [(one.release, one.abi) for one in surveys[:at] if one.abi]
    differences = {name: abi.differences(other) for name, other in newer} if abi else {}
    return {
        "release": release,
        "on_index": release in on_index if on_index else None,
        "fetched": release in fetched,
        "builds": None if at is None else abi is not None,
        "problem": surveys[at].problem or None if at is not None else None,
        "cxx11_abi": abi.cxx11 if abi else None,
        "same_abi_as": [name for name, found in differences.items() if not found],
        "differs_from": dict(list(differences.items())[-1:]) if all(differences.values()) else {},
    }


def _show(rows: Sequence[dict[str, Any]]) -> None:
    words = {None: "", True: "yes", False: "no"}
    has_project = any(row["builds"] is not None for row in rows)
    width = max((len(row["release"]) for row in rows), default=0)
    typer.secho(f"{'release':{width}}  index  fetched" + ("  builds  C++ ABI" if has_project else ""), bold=True)
    for row in rows:
        line = f"{row['release']:{width}}  {words[row['on_index']]:5}  {words[row['fetched']]:7}"
        if has_project:
            abi = {None: "", True: "new", False: "old"}[row["cxx11_abi"]]
            line += f"  {words[row['builds']]:6}  {abi:7}  {_told(row)}"
        typer.echo(line.rstrip())


def _told(row: dict[str, Any]) -> str:
    if row["problem"]:
        return str(row["problem"])
    if row["same_abi_as"]:
        return f"the same as {row['same_abi_as'][0]}"
    return "; ".join(f"differs from {name} in {', '.join(what)}" for name, what in row["differs_from"].items())
