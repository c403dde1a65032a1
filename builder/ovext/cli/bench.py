"""`ovext bench`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ovext.cli.options import JsonOption, LibraryOption, OpenVINOOption, OpOption, ProjectArgument, ReportDirOption

if TYPE_CHECKING:
    from ovext.bench.benchmark import BenchResult
    from ovext.bench.compare import Change
    from ovext.bench.counts import Count

_LONGEST_BAR = 10
_NARROW = 80  # columns; a narrower terminal shows no bars


def bench(
    project: ProjectArgument = Path(),
    library: LibraryOption = None,
    openvino: OpenVINOOption = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE.json", help="Also write the table there.", show_default=False),
    ] = None,
    op: OpOption = "",
    compare: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json",
            help="An earlier --output: show what has changed; exit with 1 if a variant is slower beyond the noise.",
            show_default=False,
        ),
    ] = None,
    count: Annotated[
        bool, typer.Option("--count", help="Count instructions on an emulated CPU, instead of measuring times.")
    ] = False,
    report_dir: ReportDirOption = None,
    json: JsonOption = False,
) -> None:
    """Measure every variant of a project's ops that this CPU can run against the baselines of its bench/*.toml.

    Ratios come from the same run; single times on a busy machine mean little. A count of instructions is the same in
    each run, and includes variants that this CPU cannot run.
    """
    from ovext.bench.benchmark import run_bench
    from ovext.bench.cases import load_benches
    from ovext.bench.compare import SCHEMA, changes_since, earlier_run
    from ovext.bench.counts import count_instructions
    from ovext.build.release import openvino_to_run
    from ovext.cli.text import talk, to_json
    from ovext.errors import ExitCode, UnknownNameError, UsageError
    from ovext.files import write_output
    from ovext.loading import find_library
    from ovext.project import load_project
    from ovext.report.keep import keep_for_report
    from ovext.toolchain.compiler import find_compiler

    if compare is not None and count:
        raise UsageError("--compare is about times, and --count measures none", fix="Leave one out.")
    before = earlier_run(compare) if compare is not None else {}
    loaded = load_project(project)
    benches = load_benches(loaded.root)
    chosen = [one for one in benches if op in {"", one.op}]
    if not chosen:
        raise UnknownNameError("measured op", op, [one.op for one in benches])
    paths = [find_library(library, op=one.op)[0] for one in chosen]
    release = openvino_to_run(openvino, paths[0], talk)
    pairs = list(zip(chosen, paths, strict=True))
    results: list[BenchResult] = []
    counts: list[Count] = []
    changes: list[Change] = []
    if count:
        counts = [row for one, path in pairs for row in count_instructions(loaded, one, path, release, talk)]
        text = to_json({"schema": 1, "counts": [asdict(one) for one in counts]})
    else:
        compiler = find_compiler()
        results = [run_bench(loaded, one, path, release, compiler=compiler, talk=talk) for one, path in pairs]
        changes = changes_since(before, results) if compare is not None else []
        shown = [{**asdict(one), "is_worse": one.is_worse} for one in changes]
        data = {
            "schema": SCHEMA,
            "project": loaded.name,
            "results": [one.to_json() for one in results],
            "changes": shown,
        }
        keep_for_report(report_dir, loaded.root, "bench", data)
        text = to_json(data)
    if output is not None:
        write_output(output.absolute(), text + "\n")
    if json:
        typer.echo(text)
    else:
        for result in results:
            _show(result)
        _show_counts(counts)
        _show_changes(changes)
    if any(one.is_worse for one in changes):
        raise typer.Exit(ExitCode.FAILED)


def _show_counts(counts: list[Count]) -> None:
    from rich import box
    from rich.table import Table

    from ovext.cli.console import Console

    console = Console(highlight=False)
    for op in dict.fromkeys(one.op for one in counts):
        console.print(f"{op}: instructions of evaluate() in one thread")
        rows = [one for one in counts if one.op == op]
        for case in dict.fromkeys(one.case for one in rows):
            table = Table(case, box=box.SIMPLE, title_justify="left")
            for heading in ("instructions", "for each element"):
                table.add_column(heading, justify="right")
            for one in rows:
                if one.case == case:
                    table.add_row(one.variant, f"{one.instructions:,}", f"{one.for_each_element:.3f}")
            console.print(table)


def _show_changes(changes: list[Change]) -> None:
    from rich import box
    from rich.table import Table

    from ovext.cli.console import Console

    if not changes:
        return
    table = Table("op", "inputs", "variant", box=box.SIMPLE)
    for heading in ("times as fast as before", "noise", ""):
        table.add_column(heading, justify="right")
    for one in changes:
        verdict = "slower" if one.is_worse else "faster" if one.times_as_fast > 1 + one.noise else "the same"
        table.add_row(one.op, one.case, one.variant, f"{one.times_as_fast:.2f}", f"± {one.noise:.2f}", verdict)
    Console(highlight=False).print(table)


def _show(result: BenchResult) -> None:
    from rich import box
    from rich.table import Table

    from ovext.cli.console import Console

    console = Console(highlight=False)
    peak = f"; peak {result.peak_gigaflops:,.0f} GFLOP/s" if result.peak_gigaflops else ""
    console.print(f"{result.op}: median latency; 'vs' is how many times as fast as that baseline{peak}")
    for case in dict.fromkeys(row.case for row in result.rows):
        rows = [row for row in result.rows if row.case == case]
        baselines = list(dict.fromkeys(name for row in rows for name in row.times_as_fast_as))
        table = Table(case, box=box.SIMPLE, title_justify="left")
        has_flops = any(row.gigaflops for row in rows)
        for heading in (
            "µs",
            "GB/s",
            *(["GFLOP/s"] if has_flops else []),
            "of roof",
            *(f"vs {one}" for one in baselines),
        ):
            table.add_column(heading, justify="right")
        if has_bars := console.width >= _NARROW:
            table.add_column("speed, ± spread", no_wrap=True)
        fastest = min(row.microseconds for row in rows)
        for row in rows:
            ratios = [f"{row.times_as_fast_as[name]:.2f}" if name in row.times_as_fast_as else "" for name in baselines]
            flops = [f"{row.gigaflops:,.1f}" if row.gigaflops else ""] if has_flops else []
            numbers = [f"{row.microseconds:,.1f}", f"{row.gigabytes_per_second:.1f}", *flops, f"{row.of_roof:.0%}"]
            bar = [_bar(fastest / row.microseconds, row.noise)] if has_bars else []
            table.add_row(row.entry, *numbers, *ratios, *bar)
        console.print(table)
    for target in result.targets:
        verdict = "met" if target.is_met else "not met"
        text = f"{result.best_variant} vs {target.baseline}: {target.measured:.2f}, wanted {target.wanted:g}"
        console.print(f"{target.case}: {text}: {verdict}")


def _bar(speed: float, noise: float) -> str:
    """The speed as a share of the fastest entry's, as a bar, and how far its times spread."""
    return f"{'█' * max(1, round(speed * _LONGEST_BAR))} ± {noise:.0%}"
