"""`ovext gpu check` and `ovext gpu run`."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ovext.cli.options import JsonOption, LibraryOption, OpenVINOOption, ProjectArgument, ReportDirOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovext.gpu.check import CheckReport
    from ovext.gpu.compile import Built
    from ovext.gpu.place import PlacedFinding
    from ovext.project import Project

commands = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="GPU layers: check them without a GPU, and run them on one, a simulated one or PoCL.",
)


@commands.command("check", short_help="Check GPU layers by rules, and compile their kernels for Intel GPUs")
def check(
    layers: Annotated[
        Path,
        typer.Argument(
            metavar="PROJECT|XML",
            help="An extension project, what was built of it, or an XML for the GPU plugin.",
            show_default="this folder",
        ),
    ] = Path(),
    device: Annotated[
        str | None,
        typer.Option(
            metavar="GPU,GPU",
            help="What ocloc compiles for, such as tgllp,pvc. Default: one of each generation.",
            show_default=False,
        ),
    ] = None,
    compiling: Annotated[
        bool, typer.Option("--compile/--no-compile", help="Whether to compile the kernels too.")
    ] = True,
    openvino: OpenVINOOption = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show all that compilers say of an error.")] = False,
    report_dir: ReportDirOption = None,
    json: JsonOption = False,
) -> None:
    """Report every problem of GPU layers before they run on a GPU, each with its line and its fix.

    Kernels are compiled as the GPU plugin would compile them: by ocloc for Intel GPUs, and by every OpenCL runtime
    here. Exits with 1 when there is an error; warnings and notes do not count.
    """
    from dataclasses import asdict

    from ovext.build.release import openvino_here
    from ovext.cli.text import talk, to_json
    from ovext.errors import ExitCode, UsageError
    from ovext.findings import Level
    from ovext.gpu.check import check as check_layers
    from ovext.gpu.compile import CompileReport
    from ovext.gpu.compilers import compile_everywhere
    from ovext.report.keep import keep_for_report

    if device is not None and not compiling:
        raise UsageError("--device is for compilers", fix="Leave it out, or --no-compile.")
    report, compiled = check_layers(layers), CompileReport()
    if compiling:
        compiled = compile_everywhere(report.layers, device, openvino_here(openvino, talk), talk)
    findings = [*report.findings, *compiled.findings()]
    data = {
        "schema": 1,
        "layers": [one.layer.op for one in report.layers],
        "findings": [_finding_data(finding) for finding in findings],
        "compiled": [asdict(one) for one in compiled.built],
    }
    keep_for_report(report_dir, layers if (layers / "pyproject.toml").is_file() else None, "gpu-check", data)
    if json:
        typer.echo(to_json(data))
    else:
        _show_findings(findings, verbose)
        _show_built(compiled.built)
        _show_sum(report, findings)
    if any(finding.level is Level.ERROR for finding in findings):
        raise typer.Exit(ExitCode.FAILED)


def _finding_data(finding: PlacedFinding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "level": finding.level.value,
        "text": finding.text,
        "fix": finding.fix,
        "detail": finding.detail,
        "file": str(finding.where.file),
        "line": finding.where.line,
    }


def _show_findings(findings: Sequence[PlacedFinding], verbose: bool) -> None:
    from ovext.cli.text import shortened_path

    colours = {"error": "red", "warning": "yellow", "note": "blue"}
    for finding in findings:
        place = shortened_path(finding.where.file.absolute())
        typer.echo(f"{place}:{finding.where.line}: ", nl=False)
        typer.secho(finding.level.value, fg=colours[finding.level.value], nl=False)
        typer.echo(f": {finding.text} [{finding.code}]")
        if finding.fix:
            typer.echo(f"    -> {finding.fix}")
        if finding.detail and verbose:
            typer.echo(indent(finding.detail, "    | ", lambda _: True))


def _show_built(built: Sequence[Built]) -> None:
    if not any(one.ok for one in built):
        return
    from rich import box
    from rich.table import Table

    from ovext.cli.console import Console

    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0))
    for heading in ("layer", "type", "compiled for", "", "SIMD", "regs", "spilled", "bytes"):
        table.add_column(heading, no_wrap=heading not in {"layer", "compiled for"})
    for one in built:
        binary = one.binary
        numbers = [binary.simd, binary.registers, binary.spilled, binary.bytes] if binary else []
        table.add_row(one.layer, one.element, one.device, "✓" if one.ok else "✗", *map(str, numbers))
    Console(highlight=False).print(table)


def _show_sum(report: CheckReport, findings: Sequence[PlacedFinding]) -> None:
    counts = [finding.level.value for finding in findings]
    told = [_counted(counts.count(level), level) for level in ("error", "warning", "note")]
    typer.echo(f"{_counted(len(report.layers), 'layer')}: {', '.join(told)}")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


@commands.command("run", short_help="Run the GPU kernels of a project, and compare with the reference")
def run(
    project: ProjectArgument = Path(),
    library: LibraryOption = None,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="GPU|sim|pocl|opencl:NAME",
            help="Where to run. Default: the first of GPU, sim and pocl that is available.",
            show_default=False,
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(min=1.0, help="Seconds that one run may take.")] = 30.0,
    openvino: OpenVINOOption = None,
    report_dir: ReportDirOption = None,
    json: JsonOption = False,
) -> None:
    """Run each op with its GPU kernel in a one-op model, and compare with reference.py and with the CPU extension.

    Device GPU is a real GPU. Device sim is the real GPU plugin on Intel's OpenCL runtime for CPUs, without a GPU.
    Devices pocl and opencl:NAME run the kernel alone, without the plugin; NAME is a part of the name of any OpenCL
    device, such as a GPU of another vendor. Each run has its own process, since a bad layer can crash it.
    Nothing is built; `ovext test` does the same with what it builds. Exits with 1 when a run fails or disagrees.
    """
    from ovext.build.layers import check_layers
    from ovext.build.release import openvino_here, openvino_to_run
    from ovext.cli.proof import ShownProof, following, proof_data
    from ovext.cli.text import shortened_path, talk, to_json
    from ovext.errors import ExitCode, OpenVINOError
    from ovext.project import load_project
    from ovext.proof.prove import prove
    from ovext.proof.request import ProofRequest
    from ovext.report.keep import keep_for_report, of_project

    loaded = load_project(project)
    check_layers(loaded, talk)
    libraries = _libraries(loaded, library)
    paths = list(dict.fromkeys(libraries.values()))
    release = openvino_to_run(openvino, paths[0], talk) if paths else openvino_here(openvino, talk)
    if release is None:
        raise OpenVINOError("no OpenVINO was found", fix="Name a release with --openvino.")
    if paths:
        talk(f"The CPU extension is {', '.join(map(shortened_path, paths))}")
    request = ProofRequest(device=device, only_gpu=True, seconds=timeout)
    shown = ShownProof(str(project), ("--library", str(library)) if library else (), quiet=json)
    with following(shown, report_dir or of_project(loaded.root), loaded.name) as on_row:
        proof = prove(loaded, libraries, release, request, talk=talk, on_row=on_row)
    data = proof_data(proof)
    keep_for_report(report_dir, loaded.root, "gpu-run", data)
    if json:
        typer.echo(to_json(data))
    shown.end(proof)
    if not proof.is_fine:
        raise typer.Exit(ExitCode.FAILED)


def _libraries(project: Project, library: Path | None) -> dict[str, Path]:
    """The CPU extension for each op that has one."""
    from ovext.errors import NoLibraryError
    from ovext.loading import find_library

    found = {}
    for op in project.ops:
        if op.gpu or op.vpu:
            with suppress(NoLibraryError):
                found[op.type] = find_library(library, op=op.type)[0]
    return found
