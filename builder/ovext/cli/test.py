"""`ovext test`."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ovext.cli.options import JsonOption, LibraryOption, OpenVINOOption, OpOption, ProjectArgument, ReportDirOption
from ovext.targets.cpus import NATIVE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ovext.build.execute import BuildResult
    from ovext.project import OpDescription, Project
    from ovext.proof.request import ProofRequest


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
    check: Annotated[
        str, typer.Option(metavar="NAME", help="Only this check, such as numbers or requests.", show_default=False)
    ] = "",
    device: Annotated[
        str | None,
        typer.Option(
            metavar="CPU|GPU|sim|pocl|opencl:NAME",
            help="Test only there. Default: the CPU, and for ops with a GPU kernel also the first of GPU, sim and pocl "
            "that is available.",
            show_default=False,
        ),
    ] = None,
    examples: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Cases for each variant and element type, besides those of op.toml. Default: all planned ones, and "
            "20 drawn ones.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Draw other cases.")] = 0,
    show_cases: Annotated[
        bool, typer.Option("--show-cases", help="Only list the cases, with the reason for each.")
    ] = False,
    timeout: Annotated[float, typer.Option(min=1.0, max=1e6, help="Seconds that one case may take.")] = 30.0,
    sanitize: Annotated[
        str,
        typer.Option(
            metavar="address|undefined|thread",
            help="Build with this sanitizer, in a build tree of its own, and test that on the CPU.",
            show_default=False,
        ),
    ] = "",
    cpu: Annotated[
        str,
        typer.Option(
            metavar="native|nehalem|haswell|skylake-avx512|all",
            help="Run the variants on this CPU, emulated if it is not this machine's. Default: this machine's, and an "
            "emulated one for variants that it cannot run.",
            show_default=False,
        ),
    ] = "",
    run_under: Annotated[
        str,
        typer.Option(
            metavar="COMMAND",
            help="What emulates a CPU, as in 'sde64 -skx --'. Default: QEMU or Intel SDE, if they are here.",
            show_default=False,
        ),
    ] = "",
    require: Annotated[
        str, typer.Option(metavar="all", help="Fail if a variant was not executed anywhere.", show_default=False)
    ] = "",
    library: LibraryOption = None,
    openvino: OpenVINOOption = None,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE.xml", help="Also write JUnit XML.", show_default=False)
    ] = None,
    report_dir: ReportDirOption = None,
    json: JsonOption = False,
) -> None:
    """Prove every op of a project against its reference.py: no test code is needed.

    Builds the project into lib/ first, unless --library names the library to test. Runs each op with the cases of its
    op.toml, planned and drawn ones, for every variant and element type, in static and dynamic models. Also tests its
    attributes, what it must reject, requests at once, and unloading. Exits with 1 when something is wrong.
    """
    from ovext.build.release import openvino_to_run
    from ovext.cli.proof import ShownProof, following, proof_data, show_plan
    from ovext.cli.text import shortened_path, talk, to_json
    from ovext.errors import ExitCode, UsageError
    from ovext.files import write_output
    from ovext.project import load_project
    from ovext.proof.prove import prove
    from ovext.proof.request import ProofRequest, chosen_ops
    from ovext.report.keep import keep_for_report, of_project
    from ovext.worker.check_loads import check_loads

    loaded = load_project(project)
    request = ProofRequest(
        op, isa, types, case, check=check, device=device, examples=examples, seed=seed, seconds=timeout
    )
    request = replace(request, cpu=cpu, cpu_command=_words(run_under), require=require)
    ops = chosen_ops(loaded, request)
    if show_cases:
        show_plan(ops, request, as_json=json)
        return
    if sanitize:
        if library is not None:
            raise UsageError("--sanitize builds the library itself", fix="Leave out --library.")
        if request.cpu not in {"", NATIVE}:
            raise UsageError("--sanitize is for this machine's CPU", fix="Leave out --cpu.")
        libraries, openvino, request = _sanitized(loaded, openvino, sanitize, request)
    else:
        libraries = _libraries(loaded, ops, library, openvino)
    paths = dict.fromkeys(libraries[one.type] for one in ops)
    release = openvino_to_run(openvino, next(iter(paths)), talk)
    for path in paths:
        if library is not None:
            check_loads(path, release, [one for one in ops if libraries[one.type] == path])
        talk(f"Testing {shortened_path(path)} in OpenVINO {release.version}")
    named = {"--library": library, "--sanitize": sanitize, "--run-under": run_under, "--require": require}
    given = [word for option, value in named.items() if value for word in (option, str(value))]
    shown = ShownProof(str(project), tuple(given), quiet=json)
    with following(shown, report_dir or of_project(loaded.root), loaded.name) as on_row:
        proof = prove(loaded, libraries, release, request, talk=talk, on_row=on_row)
    data = proof_data(proof)
    keep_for_report(report_dir, loaded.root, "test", data)
    if junit is not None:
        write_output(junit.absolute(), proof.to_junit(given))
    if json:
        typer.echo(to_json(data))
    shown.end(proof)
    if not proof.is_fine:
        raise typer.Exit(ExitCode.FAILED)


def _words(command: str) -> tuple[str, ...]:
    from ovext.errors import UsageError

    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise UsageError(f"--run-under {command!r} is no command: {error}") from None
    if command and not words:
        raise UsageError("--run-under is an empty command", fix="Leave it out.")
    return words


def _libraries(
    project: Project, ops: Sequence[OpDescription], named: Path | None, openvino: str | None
) -> dict[str, Path]:
    """The library of each op, by the op's type: from the named library or folder, else from a build made now."""
    from ovext.loading import find_library
    from ovext.proof.libraries import library_with

    if named is not None:
        return {op.type: find_library(named, op=op.type)[0] for op in ops}
    result = build(project, openvino)
    return {op.type: library_with(op, result, project) for op in ops}


def _sanitized(
    project: Project, openvino: str | None, sanitizer: str, request: ProofRequest
) -> tuple[Mapping[str, Path], str, ProofRequest]:
    """The library of each op with the sanitizer, the release that it is for, and the request for such libraries."""
    from ovext.build.plan import BuildRequest
    from ovext.build.sanitize import build_with_sanitizer
    from ovext.cli.progress import build_progress

    with build_progress() as reporter:
        wanted = BuildRequest(project.root, Path("lib").absolute(), openvino=openvino)
        built = build_with_sanitizer(wanted, sanitizer, reporter)
    request = replace(request, device="CPU", cpu=NATIVE, environment=built.environment, run_under=built.run_under)
    return built.libraries, built.openvino, request


def build(project: Project, openvino: str | None) -> BuildResult:
    """Build the project to test, and show the progress."""
    from ovext.cli.progress import build_progress
    from ovext.proof.libraries import build_to_test

    with build_progress() as reporter:
        return build_to_test(project, openvino, reporter)
