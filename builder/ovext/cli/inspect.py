"""`ovext inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ovext.cli import completion
from ovext.cli.options import JsonOption

if TYPE_CHECKING:
    from ovext.inspect.elf import Elf
    from ovext.inspect.openvino_symbols import Counterpart
    from ovext.inspect.report import FileReport
    from ovext.targets.base_os import BaseOS


def inspect(
    file: Annotated[
        Path, typer.Argument(help="A library (.so), a wheel, or a folder; each library in it is inspected.")
    ],
    base_os: Annotated[
        list[str] | None,
        typer.Option(
            "--base-os",
            autocompletion=completion.base_oses,
            help="Where it must run; may be repeated. Default: every base OS.",
            show_default=False,
        ),
    ] = None,
    openvino: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION|PATH", help="The OpenVINO to load it. Default: the release it requires, if it is here."
        ),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what each base OS has and who needs which version.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Report where a library loads, and why not elsewhere, without loading it.

    Works on any extension. Exits with 1 when it is not fine for all targets, with 2 when it is not a library.
    """
    from ovext.cli.text import to_json
    from ovext.errors import ExitCode
    from ovext.targets.base_os import base_os_table, find_base_os

    names = base_os or sorted({base.id for base in base_os_table().values()})
    bases = list({find_base_os(name).id: find_base_os(name) for name in names}.values())
    reports = inspect_file(file, bases, openvino)
    if json:
        typer.echo(to_json({"schema": 1, "files": [report.to_json() for report in reports]}))
    else:
        for report in reports:
            show_report(report, bases if explain else None)
    if not all(report.is_fine for report in reports):
        raise typer.Exit(ExitCode.FAILED)


def inspect_file(file: Path, bases: list[BaseOS], openvino: str | None) -> list[FileReport]:
    """A report on each library in the file, compared with the requested OpenVINO or one that was found."""
    from ovext.cli.text import talk
    from ovext.inspect.counterpart import find_counterpart
    from ovext.inspect.library import inspect_library, read_libraries

    def counterpart(elf: Elf) -> Counterpart | None:
        return find_counterpart(elf, openvino, talk)

    return [inspect_library(elf, bases, counterpart) for elf in read_libraries(file)]


def show_report(report: FileReport, explained: list[BaseOS] | None = None) -> None:
    from rich import box
    from rich.table import Table

    from ovext.cli.console import Console
    from ovext.cli.text import shortened_path

    console = Console(highlight=False, soft_wrap=True)
    versions = ", ".join(f"{family} {version}" for family, version in report.highest_versions.items())
    console.print(shortened_path(Path(report.file).absolute()), style="bold", markup=False)
    console.print(f"  needs      {', '.join(report.needed) or 'no library'}", markup=False)
    console.print(f"  soname     {report.soname or 'none'}", markup=False)
    console.print(f"  versions   {versions or 'none'}; {report.manylinux or 'no manylinux tag'}", markup=False)
    console.print(f"  variants   {', '.join(report.variants) or 'none of ovext'}", markup=False)
    if explained:
        for isa, code in report.variants.items():
            console.print(f"  variant    {isa}: {code.functions} functions, {code.size:,} bytes", markup=False)
        counts = ", ".join(f"{name} {count}" for name, count in report.instruction_sets.items())
        console.print(f"  functions  {counts}", markup=False)
    console.print(f"  OpenVINO   {report.openvino}", markup=False)
    for finding in report.findings:
        console.print(f"  {finding.level.value:8}  {finding.text} [{finding.code}]", markup=False)
        if finding.fix:
            console.print(f"            -> {finding.fix}", markup=False)
    for version, symbols in report.versions.items() if explained else ():
        console.print(f"  {version} for {', '.join(symbols) or 'the file itself'}", markup=False)
    for base in explained or []:
        console.print(f"  {base.id} has GLIBC {base.glibc}, GLIBCXX {base.glibcxx}, CXXABI {base.cxxabi}", markup=False)
    table = Table("loads on", "", "why not", box=box.SIMPLE)
    for verdict in report.verdicts:
        table.add_row(verdict.base_os, "✓" if verdict.loads else "✗", "\n".join([*verdict.errors, *verdict.reasons]))
    Console(highlight=False).print(table)
    for fix in dict.fromkeys(verdict.fix for verdict in report.verdicts if verdict.fix):
        console.print(f"  -> {fix}", markup=False)
