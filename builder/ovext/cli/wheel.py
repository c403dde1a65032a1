"""`ovext wheel`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ovext.cli.options import ExplainOption, IsaOption, JsonOption, OpenVINOsOption, ProjectArgument

if TYPE_CHECKING:
    from ovext.package.wheel import WheelResult


def wheel(
    project: ProjectArgument = Path(),
    isa: IsaOption = None,
    openvino: OpenVINOsOption = None,
    output: Annotated[Path, typer.Option("--output", help="The folder for the wheel.")] = Path("dist"),
    check_reproducible: Annotated[
        bool, typer.Option("--check-reproducible", help="Build it twice, in two places, and compare the bytes.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the steps.")] = False,
    explain: ExplainOption = False,
    json: JsonOption = False,
) -> None:
    """Build the wheel of an extension project into dist/.

    Its library has passed the same checks as with `ovext build`. Its platform tag is derived from the library.
    """
    from ovext.build.plan import BuildRequest
    from ovext.cli.progress import build_progress
    from ovext.cli.text import show_decisions, show_steps
    from ovext.package.reproducible import check_reproducible as check
    from ovext.package.wheel import plan_wheel, run_wheel

    plan = plan_wheel(BuildRequest(project, output.absolute(), isa=isa, openvino=openvino, engine="host"))
    if explain:
        show_decisions(plan.decisions)
    if dry_run:
        show_steps(plan.steps(), as_json=json)
        return
    with build_progress() as reporter:
        again = (lambda wheel: check(plan, wheel, reporter)) if check_reproducible else (lambda _: None)
        result = run_wheel(plan, reporter, again)
    _show(result, as_json=json, reproducible=check_reproducible)


def _show(result: WheelResult, *, as_json: bool, reproducible: bool) -> None:
    from ovext.cli.text import shortened_path, to_json

    wheel = result.wheel
    if as_json:
        told = {"file": str(result.file), "size": wheel.size, "sha256": wheel.sha256, "tag": wheel.tag}
        libraries = [record.model_dump() for record in wheel.libraries]
        data = {**told, "requires": wheel.requires, "members": wheel.members, "libraries": libraries}
        typer.echo(to_json({"schema": 1, **data, "reproducible": reproducible or None}))
        return
    typer.secho(shortened_path(result.file), bold=True)
    typer.echo(f"  size      {wheel.size:,} bytes")
    typer.echo(f"  sha256    {wheel.sha256}{', twice' if reproducible else ''}")
    for record in wheel.libraries:
        typer.echo(f"  library   {record.file}: {', '.join(variant.id for variant in record.variants)}")
        typer.echo(f"  ops       {', '.join(f'{op.type} ({op.opset})' for op in record.ops)}")
        for copy in record.bundled:
            typer.echo(f"  bundled   {copy.file}")
        for layer in record.layers:
            typer.echo(f"  {layer.kind:8}  {layer.config}")
    typer.echo(f"  requires  {', '.join(wheel.requires)}")
    typer.echo(f"  built in {result.seconds:.1f} s")
