"""`ovext report`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ovext.report.overview import Overview
    from ovext.report.records import InspectedFileData


class ReportFormat(str, Enum):
    HTML = "html"
    MARKDOWN = "markdown"


def report(
    folder: Annotated[
        Path,
        typer.Argument(
            help="A project, or any folder with the JSON that commands wrote, such as that of a matrix.",
            show_default="this folder",
        ),
    ] = Path(),
    new: Annotated[
        Path | None, typer.Argument(help="Another one: show what has changed since the first.", show_default=False)
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Default: build/report.html in the project; Markdown: stdout.",
            show_default=False,
        ),
    ] = None,
    output_format: Annotated[
        ReportFormat, typer.Option("--format", help="markdown: for a pull request or GITHUB_STEP_SUMMARY.")
    ] = ReportFormat.HTML,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Show the page on 127.0.0.1 while a matrix or a proof runs.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of --serve; 0: any that is free.")] = 0,
) -> None:
    """Make one page that shows what was built, where it loads, what was proved and how fast it is.

    It is one file without network access: from what build, inspect, test, bench, gpu and matrix wrote last.
    """
    from ovext.cli.text import shortened_path, talk
    from ovext.errors import UsageError
    from ovext.files import write_output, writing_to
    from ovext.report.compare import compare
    from ovext.report.markdown import comparison_markdown, overview_markdown
    from ovext.report.page import render_comparison, render_page
    from ovext.report.store import printable

    if serve:
        if new is not None or output is not None or output_format is ReportFormat.MARKDOWN:
            raise UsageError("--serve shows one folder as a page", fix="Leave out the other folder, -o and --format.")
        _serve(folder, port, open_)
        return
    shown = _overview(folder)
    if new is None:
        title = _title(folder)
        text = render_page(shown, title) if output_format is ReportFormat.HTML else overview_markdown(shown, title)
    else:
        changes = compare(shown, _overview(new))
        title = printable(f"From {folder.resolve().name} to {new.resolve().name}")
        html = output_format is ReportFormat.HTML
        text = render_comparison(changes, title) if html else comparison_markdown(changes, title)
    if output is None and output_format is ReportFormat.MARKDOWN:
        typer.echo(text)
        return
    place = (output or (new or folder) / "build" / "report.html").absolute()
    with writing_to(place.parent):
        place.parent.mkdir(parents=True, exist_ok=True)
    write_output(place, text)
    typer.echo(shortened_path(place))
    if open_ and typer.launch(place.as_uri()) != 0:
        talk(f"No browser could be started: open {place.as_uri()}")


def _title(folder: Path) -> str:
    from ovext.report.store import printable

    return str(printable(f"{folder.resolve().name}: what was built"))


def _overview(folder: Path, known: list[InspectedFileData] | None = None) -> Overview:
    """What is known of the folder. `known` are inspections that were made before, and gets those that are made."""
    from ovext.cli.text import talk
    from ovext.report.inspecting import inspect_missing
    from ovext.report.keep import keep_for_report
    from ovext.report.overview import overview
    from ovext.report.store import read_records

    records = read_records(folder)
    known = [] if known is None else known
    shown = overview(records, known)
    inspected = list(inspect_missing(shown, talk))
    if not inspected:
        return shown
    known += inspected
    if (folder / "pyproject.toml").is_file():  # the next report need not inspect them again
        files = [one.model_dump() for one in inspected]
        keep_for_report(None, folder, "inspect", {"schema": 2, "files": files})
    return overview(records, known)


def _serve(folder: Path, port: int, open_: bool) -> None:
    from ovext.cli.text import talk
    from ovext.report.page import render_page
    from ovext.report.serve import serve

    def told(address: str) -> None:
        typer.echo(f"{address}  (ends with the run, or with Ctrl-C)")
        if open_ and typer.launch(address) != 0:
            talk("No browser could be started.")

    known: list[InspectedFileData] = []
    serve(folder, port, lambda live: render_page(_overview(folder, known), _title(folder), live=live), told)
