"""`ovext matrix`."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ovext.cli.options import EngineOption, JsonOption, exact_each

if TYPE_CHECKING:
    from ovext.package.matrix.cache import Launcher, Statistics
    from ovext.package.matrix.plan import MatrixPlan


def _instead(option: str, metavar: str, what: str) -> Any:
    """A repeatable option that overrides a key of the table."""
    return typer.Option(option, metavar=metavar, help=f"These {what} instead of the table's.", show_default=False)


def matrix(
    folder: Annotated[
        Path, typer.Argument(help="A folder whose pyproject.toml has [tool.ovext.matrix].", show_default="this folder")
    ] = Path(),
    project: Annotated[list[str] | None, _instead("--project", "FOLDER", "projects")] = None,
    base_os: Annotated[list[str] | None, _instead("--base-os", "NAME", "base OS")] = None,
    openvino: Annotated[
        list[str] | None,
        typer.Option(
            "--openvino",
            metavar="VERSION[,VERSION...]",
            callback=exact_each,
            help="These releases instead of the table's; several with commas between are for one library.",
            show_default=False,
        ),
    ] = None,
    build_type: Annotated[list[str] | None, _instead("--build-type", "TYPE", "build types")] = None,
    product: Annotated[list[str] | None, _instead("--product", "library|wheel|conan", "products")] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", metavar="PATTERN", help="Only cells whose names match; may be repeated.", show_default=False
        ),
    ] = None,
    engine: EngineOption = None,
    base_image: Annotated[
        list[str] | None,
        typer.Option(
            "--base-image",
            metavar="BASE_OS=IMAGE",
            help="The image that containers of a base OS are made from, instead of the table's; may be repeated.",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Cells at once; they share the CPUs.")] = 1,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Build the others after a cell has failed.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Skip finished cells whose inputs have not changed.")
    ] = False,
    cache: Annotated[
        str | None, typer.Option(help="ccache or sccache, with the settings of your environment.", show_default=False)
    ] = None,
    distribute: Annotated[
        str | None, typer.Option(help="sccache-dist or distcc, with their own settings.", show_default=False)
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", help="The folder in which a folder for each target is created.")
    ] = Path("dist/matrix"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the cells and their commands.")] = False,
    github: Annotated[
        bool, typer.Option("--github", help="Print the cells as JSON for a workflow's strategy.matrix.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Build every project for every base OS, OpenVINO release and build type.

    Exits with 1 when a cell failed. summary.md and summary.json in the output folder show how each cell ended.
    """
    from json import dumps

    from ovext.build.plan import AUTO
    from ovext.cli.text import talk, to_json
    from ovext.errors import ExitCode
    from ovext.package.matrix.cache import choose_launcher
    from ovext.package.matrix.cells import MatrixRequest, cells_of, read_settings
    from ovext.package.matrix.cells import only as fitting
    from ovext.package.matrix.plan import plan_matrix
    from ovext.package.matrix.summary import of_cell
    from ovext.toolchain.process import shell_line

    root = folder.resolve()
    request = MatrixRequest(project, base_os, openvino, build_type, product, base_image)
    settings = read_settings(root, request)
    cells = fitting(cells_of(root, settings), only or ())
    if github:
        entries = [{**of_cell(cell), "project": os.path.relpath(cell.project, root)} for cell in cells]
        typer.echo(dumps({"include": entries}))
        return
    launcher = choose_launcher(cache, distribute, output.absolute() / "logs" / "distcc.log", try_it=not dry_run)
    plan = plan_matrix(
        cells,
        output.absolute(),
        engine=engine,
        conan_remotes=settings.conan_remote,
        launcher=launcher,
        jobs=jobs,
        keep_going=keep_going,
        resume=resume,
        talk=None if dry_run else talk,
    )
    if dry_run:
        commands = {cell.id: shell_line(plan.command(cell)) for cell in cells}
        typer.echo(to_json({"schema": 1, "commands": commands}) if json else "\n".join(commands.values()))
        return
    if engine in {None, AUTO}:
        _tell_engines(plan)
    if not _run(plan, launcher, as_json=json):
        raise typer.Exit(ExitCode.FAILED)


def _run(plan: MatrixPlan, launcher: Launcher, *, as_json: bool) -> bool:
    """Run the matrix, showing its progress and its results. Returns whether every cell is finished."""
    from ovext.cli.matrix_table import watching
    from ovext.cli.text import shortened_path, to_json
    from ovext.package.matrix.execute import Followed, Stage, run_matrix
    from ovext.package.matrix.summary import MARKDOWN, compilations, to_data, to_markdown, write_summary
    from ovext.report.keep import running

    started = time.monotonic()
    before = launcher.statistics()
    with watching(plan.cells) as watcher, running(plan.output / "reports", "matrix") as tell:
        results = run_matrix(plan, Followed(watcher, plan.cells, lambda now: tell(to_data(now, 0.0, None))))
    seconds = time.monotonic() - started
    statistics = _since(before, launcher) if launcher.cache or launcher.farm else None
    data = to_data(results, seconds, statistics)
    write_summary(plan.output, data, to_markdown(results, seconds, statistics))
    if as_json:
        typer.echo(to_json(data))
    else:
        for result in results:
            place = f"  ({shortened_path(result.log)})" if result.stage is Stage.FAILED and result.log else ""
            typer.echo(
                f"{result.stage.value:9}  {result.cell.id}{f': {result.reason}' if result.reason else ''}{place}"
            )
        if statistics:
            typer.echo(compilations(statistics))
        typer.echo(
            f"{len(results)} cells in {seconds:.1f} s; {shortened_path(plan.output / MARKDOWN)} has them as a table"
        )
    return all(result.stage in {Stage.DONE, Stage.UNCHANGED} for result in results)


def _tell_engines(plan: MatrixPlan) -> None:
    """Print where the cells are built and why, in one line if it is the same for all."""
    from ovext.package.matrix.cells import LIBRARY

    by_base_os = {cell.base_os: plan.engines[cell.image] for cell in plan.cells if cell.product == LIBRARY}
    told = {name: f"the engine {choice.name}: {choice.reason}" for name, choice in by_base_os.items()}
    if len(set(told.values())) == 1:
        told = {"every base OS": next(iter(told.values()))}
    for base_os, choice in told.items():
        typer.echo(f"Building for {base_os} with {choice}", err=True)


def _since(before: Statistics, launcher: Launcher) -> Statistics | None:
    """What was compiled since `before`. If the engine does not report it, prints the reason and returns None."""
    from ovext.errors import ToolError

    try:
        return launcher.statistics().since(before)
    except ToolError as error:
        typer.echo(str(error), err=True)
        return None
