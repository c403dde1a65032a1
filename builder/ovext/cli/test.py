"""`ovext test`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ovext.cli.options import JsonOption, LibraryOption, OpenVINOOption, OpOption, ProjectArgument

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovext.build.run import BuildResult
    from ovext.project import OpDescription, Project
    from ovext.proof.report import Proof, Row
    from ovext.proof.run import ProofRequest
    from ovext.toolchain.openvino import OpenVINO


def run(
    project: ProjectArgument = Path(),
    op: OpOption = "",
    isa: Annotated[str, typer.Option(metavar="NAME", help="Only this variant.", show_default=False)] = "",
    types: Annotated[
        str, typer.Option(metavar="TYPE", help="Only these element types of the inputs.", show_default=False)
    ] = "",
    case: Annotated[
        str, typer.Option(metavar="JSON", help="Only this case, as a failure prints it.", show_default=False)
    ] = "",
    device: Annotated[
        str | None,
        typer.Option(
            metavar="CPU|GPU|sim|pocl",
            help="Only there. Default: on the CPU, and ops with a GPU kernel on the first of the others that is here.",
            show_default=False,
        ),
    ] = None,
    examples: Annotated[int, typer.Option(min=0, help="Drawn cases for each variant and element type.")] = 100,
    seed: Annotated[int, typer.Option(help="Draw other cases.")] = 0,
    timeout: Annotated[float, typer.Option(min=1.0, help="Seconds that one case may take.")] = 30.0,
    library: LibraryOption = None,
    openvino: OpenVINOOption = None,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE.xml", help="Also write JUnit XML.", show_default=False)
    ] = None,
    json: JsonOption = False,
) -> None:
    """Prove every op of a project against its reference.py: no test code is needed.

    Builds the project into lib/ first, unless --library names what to test. Each op is tried with the cases of its
    op.toml and with drawn ones, for every variant and element type, in static and dynamic models; so are its
    attributes, what it must refuse, requests at once, and unloading. Exits with 1 when something is wrong.
    """
    from ovext.build.release import openvino_to_run
    from ovext.cli.text import shortened_path, talk, to_json
    from ovext.errors import ExitCode, ProjectError, UnknownNameError, UsageError
    from ovext.files import replace_text, writing_to
    from ovext.gpu.devices import KINDS
    from ovext.project import load_project
    from ovext.proof.run import ProofRequest, chosen_ops
    from ovext.worker.load import check_loads

    if device not in {None, "CPU", *KINDS}:
        raise UnknownNameError("device", str(device), ("CPU", *KINDS))
    if device in KINDS and (isa or types or case):
        raise UsageError("--isa, --types and --case are for the CPU", fix=f"Leave them out, or --device {device}.")

    loaded = load_project(project)
    request = ProofRequest(op, isa, types, case, examples, seed, timeout)
    ops = chosen_ops(loaded, request)
    libraries = _libraries(loaded, ops, library, openvino)
    paths = dict.fromkeys(libraries[one.type] for one in ops)
    release = openvino_to_run(openvino, next(iter(paths)), talk)
    for path in paths:
        if library is not None:
            check_loads(path, release, [one for one in ops if libraries[one.type] == path])
        talk(f"Testing {shortened_path(path)} in OpenVINO {release.version}")
    proof = prove(loaded, libraries, release, request, device, quiet=json)
    if not proof.rows:
        raise ProjectError("there is nothing to test on that device: no op has a GPU kernel", where=loaded.root)
    if junit is not None:
        with writing_to(junit):
            replace_text(junit.absolute(), proof.to_junit())
    if json:
        from dataclasses import asdict

        rows = [{**asdict(row), "is_fine": row.is_fine} for row in proof.rows]
        typer.echo(to_json({"schema": 1, "project": proof.project, "rows": rows}))
    else:
        _show_end(proof, str(project), ("--library", str(library)) if library else ())
    if not proof.is_fine:
        raise typer.Exit(ExitCode.FAILED)


def _libraries(
    project: Project, ops: Sequence[OpDescription], named: Path | None, openvino: str | None
) -> dict[str, Path]:
    """The library of each op, by its type: the one named, or that of the folder named, else what a build gives now."""
    from ovext.loading import find_library
    from ovext.proof.libraries import library_with

    if named is not None:
        return {op.type: find_library(named, op=op.type)[0] for op in ops}
    result = build(project, openvino)
    return {op.type: library_with(op, result, project) for op in ops}


def build(project: Project, openvino: str | None) -> BuildResult:
    """Build the project to test, and show the progress."""
    from ovext.cli.progress import build_progress
    from ovext.proof.libraries import build_to_test

    with build_progress() as reporter:
        return build_to_test(project, openvino, reporter)


def prove(
    project: Project,
    libraries: dict[str, Path],
    openvino: OpenVINO,
    request: ProofRequest,
    device: str | None,
    *,
    quiet: bool,
) -> Proof:
    """The proof on the CPU, and on a GPU where ops have kernels for it; rows are shown as they come."""
    from ovext.proof.gpu import prove_on_gpu
    from ovext.proof.report import Proof
    from ovext.proof.run import prove_on_cpu

    show = (lambda _: None) if quiet else _Shown().row
    rows: list[Row] = []
    if device in {None, "CPU"}:
        rows += prove_on_cpu(project, libraries, openvino, request, show).rows
    if device != "CPU" and not request.isa and not request.types:
        rows += prove_on_gpu(project, libraries, openvino, request, device, on_row=show)
    return Proof(project.name, tuple(rows))


class _Shown:
    """Prints a table's lines as they become known."""

    def __init__(self) -> None:
        self._op = ""

    def row(self, row: Row) -> None:
        if row.op != self._op:
            self._op = row.op
            typer.secho(row.op, bold=True)
            typer.echo(f"    {'check':12} {'variant':8} {'types':12} {'device':14} {'cases':>5}  worst error")
        mark, colour = ("-", "yellow") if row.skipped else ("✓", "green") if row.is_fine else ("✗", "red")
        typer.secho(f"  {mark} ", fg=colour, nl=False)
        worst = f"{row.absolute:.2g} (relative {row.relative:.2g})" if row.check == "numbers" else ""
        end = row.skipped or worst
        cases = "" if row.skipped else str(row.cases)
        typer.echo(f"{row.check:12} {row.variant:8} {row.types:12} {row.device:14} {cases:>5}  {end}".rstrip())


def _show_end(proof: Proof, project: str, options: tuple[str, ...]) -> None:
    for row, failure in proof.failures():
        typer.echo()
        typer.secho(f"✗ {row.op}: {row.name()}", fg="red")
        for line in failure.what.splitlines():
            typer.echo(f"    {line}")
        typer.echo(f"    {failure.command(project, options)}")
    failed = sum(not row.is_fine for row in proof.rows)
    skipped = sum(bool(row.skipped) for row in proof.rows)
    cases = sum(row.cases for row in proof.rows)
    fine = len(proof.rows) - failed - skipped
    typer.echo(f"\n{fine} checks with {cases} cases passed, {failed} failed, {skipped} skipped")
