"""`ovext inspect`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ovext.cli import completion
from ovext.cli.options import JsonOption, ReportDirOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovext.cli.console import Console
    from ovext.inspect.report import FileReport, LibraryFinding, Unreadable
    from ovext.inspect.system import System
    from ovext.project.settings import Acceptance
    from ovext.targets.base_os import BaseOS


class Format(str, Enum):
    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


class LibraryKind(str, Enum):
    AUTO = "auto"
    EXTENSION = "extension"
    LIBRARY = "library"


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
            metavar="VERSION|PATH",
            help="The OpenVINO to load it. Default: the release it requires, if it is here, and this environment's.",
        ),
    ] = None,
    cpu: Annotated[
        str,
        typer.Option(
            metavar="CPU",
            autocompletion=completion.cpus,
            help="The least CPU that it must run on: x86-64, nehalem, haswell or skylake-avx512.",
        ),
    ] = "x86-64",
    provides: Annotated[
        list[str] | None,
        typer.Option(metavar="LIB", help="A library that the images bring, such as libgomp.so.1; may be repeated."),
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CODE", autocompletion=completion.codes, help="A finding that is no error to you; may be repeated."
        ),
    ] = None,
    kind: Annotated[
        LibraryKind, typer.Option(help="Whether it must be an extension, with an entry point.")
    ] = LibraryKind.AUTO,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what each base OS has and who needs which version.")
    ] = False,
    output_format: Annotated[
        Format, typer.Option("--format", help="github: annotations; sarif: SARIF 2.1.0, for code scanning.")
    ] = Format.TEXT,
    report_dir: ReportDirOption = None,
    json: JsonOption = False,
) -> None:
    """Report where a library loads, and why not elsewhere, without loading it.

    Works on any extension. Exits with 1 when it is not fine for all targets, with 2 when it is not a library.
    """
    from ovext.cli.inspect_formats import github_lines, sarif
    from ovext.cli.text import to_json
    from ovext.errors import ExitCode, UnknownNameError
    from ovext.inspect.instructions import CPUS
    from ovext.inspect.report import FileReport, unused
    from ovext.inspect.system import system_of
    from ovext.project.read import base_oses_of
    from ovext.report.keep import keep_for_report
    from ovext.targets.base_os import base_oses, find_base_os

    if cpu not in CPUS:
        raise UnknownNameError("CPU", cpu, CPUS)
    acceptances = _acceptances(accept or [])
    own = base_oses_of(Path())
    every = sorted([*base_oses(), *own], key=lambda base: base.id)
    bases = list(dict.fromkeys(find_base_os(name, own) for name in base_os)) if base_os else every
    systems = [system_of(base, cpu) for base in bases]
    reports = inspect_file(file, systems, openvino, cpu=cpu, provides=provides or [], kind=kind)
    reports = [one.accepting(acceptances) for one in reports]
    data = {"schema": 2, "files": [report.to_json() for report in reports]}
    keep_for_report(report_dir, None, "inspect", data)
    if json or output_format is Format.JSON:
        typer.echo(to_json(data))
    elif output_format is Format.GITHUB:
        typer.echo("\n".join(github_lines(reports)))
    elif output_format is Format.SARIF:
        typer.echo(to_json(sarif(reports)))
    else:
        for report in reports:
            show_report(report, bases if explain else None)
        for code in {one.finding for one in unused(acceptances, reports)}:
            typer.echo(f"--accept {code}: there is no such finding", err=True)
    if not any(isinstance(report, FileReport) for report in reports):
        raise typer.Exit(ExitCode.USAGE)
    if not all(report.is_fine for report in reports):
        raise typer.Exit(ExitCode.FAILED)


def inspect_file(
    file: Path,
    systems: Sequence[System],
    openvino: str | None,
    *,
    cpu: str = "x86-64",
    provides: Sequence[str] = (),
    kind: LibraryKind = LibraryKind.AUTO,
) -> list[FileReport | Unreadable]:
    """A report on each library in the file, compared with the requested OpenVINO or one that was found."""
    from ovext.cli.text import talk
    from ovext.inspect.counterpart import counterpart_chooser, environment_version
    from ovext.inspect.files import inspect_files
    from ovext.inspect.library import InspectionRequest
    from ovext.transaction import is_unfinished

    if is_unfinished(file if file.is_dir() else file.parent):
        talk(
            "A build was ended while it published here: old and new files may lie together. `ovext build` finishes it."
        )
    choose = counterpart_chooser(openvino, talk)
    environment = environment_version() if openvino is None else None
    request = InspectionRequest(systems, choose, cpu=cpu, environment=environment, provides=provides)
    return inspect_files(file, request, kind.value)


def _acceptances(codes: Sequence[str]) -> list[Acceptance]:
    if not codes:
        return []
    from ovext.errors import UnknownNameError
    from ovext.inspect.codes import CODES
    from ovext.project.settings import Acceptance

    for code in codes:
        if code not in CODES:
            raise UnknownNameError("finding", code, CODES)
    return [Acceptance(finding=code, reason="--accept") for code in codes]


def show_report(report: FileReport | Unreadable, explained: list[BaseOS] | None = None) -> None:
    from ovext.cli.console import Console
    from ovext.cli.text import shortened_path
    from ovext.inspect.report import FileReport

    console = Console(highlight=False, soft_wrap=True)
    console.print(shortened_path(Path(report.file).absolute()), style="bold", markup=False)
    if not isinstance(report, FileReport):
        console.print(f"  error     {report.problem} [unreadable]", markup=False)
        return
    for line in _facts(report, explained=bool(explained)):
        console.print(f"  {line}", markup=False)
    for finding in report.findings:
        _show_finding(console, finding)
    for version, symbols in report.versions.items() if explained else ():
        console.print(f"  {version} for {', '.join(symbols) or 'the file itself'}", markup=False)
    for base in explained or []:
        console.print(f"  {base.id} has GLIBC {base.glibc}, GLIBCXX {base.glibcxx}, CXXABI {base.cxxabi}", markup=False)
    _show_verdicts(report)


def _facts(report: FileReport, *, explained: bool) -> list[str]:
    """What the library is and needs, a line each."""
    versions = ", ".join(f"{family} {version}" for family, version in report.highest_versions.items())
    direct = [one for one in report.needed if one.needed_by == report.needed[0].needed_by]
    lines = [
        f"kind       {report.kind}",
        f"needs      {', '.join(one.library for one in direct) or 'no library'}",
        f"soname     {report.soname or 'none'}",
        f"versions   {versions or 'none'}; {report.manylinux or 'no manylinux tag'}",
        f"variants   {', '.join(report.variants) or 'none of ovext'}",
        *(f"release    {release}: {text}" for release, text in report.releases.items()),
    ]
    if explained:
        for one in report.needed:
            bringers = dict.fromkeys(f"{bringer or 'nothing'} ({target})" for target, bringer in one.brought_by.items())
            lines.append(f"needed     {one.library}: {', '.join(bringers)}")
        lines += [
            f"variant    {isa}: {code.functions} functions, {code.size:,} bytes"
            for isa, code in report.variants.items()
        ]
        lines.append("functions  " + ", ".join(f"{name} {count}" for name, count in report.instruction_sets.items()))
    return [*lines, f"OpenVINO   {report.openvino}", *(f"limit      {text}" for text in report.limits)]


def _show_finding(console: Console, finding: LibraryFinding) -> None:
    level = "accepted" if finding.accepted is not None else finding.level.value
    console.print(f"  {level:8}  {finding.text} [{finding.code}]", markup=False)
    if finding.accepted is not None:
        console.print(f"            accepted: {finding.accepted}", markup=False)
    elif finding.fix:
        console.print(f"            -> {finding.fix}", markup=False)


_SIGNS = {True: "✓", False: "✗", None: "?"}


def _show_verdicts(report: FileReport) -> None:
    from rich import box
    from rich.table import Table

    from ovext.cli.console import Console

    columns = report.verdicts_by_release or {"": {one.target: one for one in report.verdicts}}
    table = Table("loads on", *columns, "why not", box=box.SIMPLE)
    for verdict in report.verdicts:
        why = ", ".join(verdict.errors) or ("wide-code" if verdict.loads is None else "")
        signs = [
            _SIGNS[column[verdict.target].loads] if verdict.target in column else "" for column in columns.values()
        ]
        table.add_row(verdict.target, *signs, why)
    Console(highlight=False).print(table)
