"""`ovext build`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ovext.cli import completion
from ovext.cli.options import (
    BuildTypeOption,
    EngineOption,
    ExplainOption,
    IsaOption,
    JsonOption,
    OpenVINOsOption,
    ProjectArgument,
    ReportDirOption,
)
from ovext.targets.base_os import DEFAULT_BASE_OS, names_of_base_oses

if TYPE_CHECKING:
    from ovext.build.execute import BuildResult


def build(
    project: ProjectArgument = Path(),
    base_os: Annotated[
        str | None,
        typer.Option(
            "--base-os",
            autocompletion=completion.base_oses,
            help=f"Where it must run: {', '.join(names_of_base_oses())}.",
            show_default=DEFAULT_BASE_OS,
        ),
    ] = None,
    isa: IsaOption = None,
    openvino: OpenVINOsOption = None,
    engine: EngineOption = None,
    base_image: Annotated[
        str | None,
        typer.Option(
            "--base-image",
            metavar="IMAGE",
            help="The image that a container engine builds on. Default: the base OS's.",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", help="Compilers at once. Default: one for each CPU.")
    ] = None,
    build_type: BuildTypeOption = None,
    layout: Annotated[
        str | None,
        typer.Option(
            "--layout",
            metavar="file|folder",
            help="Of a library for several releases: one file, or a small one with a file for each release beside it.",
            show_default="file",
        ),
    ] = None,
    bundle: Annotated[
        bool, typer.Option("--bundle", help="Put copies of the libraries that nothing brings beside the library.")
    ] = False,
    output: Annotated[
        Path, typer.Option("--output", help="The folder in which <base OS>/ with the library is created.")
    ] = Path("lib"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the steps.")] = False,
    explain: ExplainOption = False,
    report_dir: ReportDirOption = None,
    json: JsonOption = False,
) -> None:
    """Build an extension project into lib/<base OS>/, and check that OpenVINO loads it.

    An interrupted or failed build leaves the last good library unchanged.
    """
    from ovext.build.plan import BuildRequest
    from ovext.build.resolve import plan_anywhere, run_anywhere
    from ovext.cli.progress import build_progress
    from ovext.cli.text import show_decisions, show_steps, talk
    from ovext.report.keep import keep_for_report

    request = BuildRequest(
        project,
        output.absolute(),
        base_os=base_os,
        isa=isa,
        openvino=openvino,
        engine=engine,
        base_image=base_image,
        jobs=jobs,
        build_type=build_type,
        layout=layout,
        bundle=bundle,
    )
    plan = plan_anywhere(request, None if dry_run else talk)
    if explain:
        show_decisions(plan.decisions)
    if dry_run:
        show_steps(plan.steps(), as_json=json)
        return
    with build_progress() as reporter:
        if request.is_automatic:
            decided = next(decision for decision in plan.decisions if decision.subject == "engine")
            reporter.talk(f"Building with the engine {decided.choice}: {decided.reason}")
        result = run_anywhere(plan, request, reporter)
    if not result.up_to_date:
        decisions = [asdict(one) for one in plan.decisions]
        keep_for_report(report_dir, plan.project.root, "build", {**_data(result), "decisions": decisions})
    _show_result(result, as_json=json)


def _data(result: BuildResult) -> dict[str, Any]:
    libraries = [record.model_dump() for record in result.libraries]
    data = {"output_dir": str(result.output_dir), "libraries": libraries, "up_to_date": result.up_to_date}
    return {"schema": 1, **data, "seconds": round(result.seconds, 3)}


def _show_result(result: BuildResult, *, as_json: bool) -> None:
    from ovext.cli.text import shortened_path, to_json

    if as_json:
        typer.echo(to_json(_data(result)))
        return
    for record in result.libraries:
        typer.secho(shortened_path(result.output_dir / record.file), bold=True)
        typer.echo(f"  size      {record.size:,} bytes")
        typer.echo(f"  sha256    {record.sha256}")
        typer.echo(f"  variants  {', '.join(variant.id for variant in record.variants)}")
        typer.echo(f"  ops       {', '.join(f'{op.type} ({op.opset})' for op in record.ops)}")
        for copy in record.bundled:
            typer.echo(f"  bundled   {copy.file}")
        for layer in record.layers:
            typer.echo(f"  {layer.kind:8}  {shortened_path(result.output_dir / layer.config)}")
        typer.echo(f"  for       OpenVINO {', '.join(record.versions)} on {record.base_os}")
    state = "up to date, checked in" if result.up_to_date else "built in"
    typer.echo(f"  {state} {result.seconds:.1f} s; described in {shortened_path(result.output_dir / 'manifest.json')}")
