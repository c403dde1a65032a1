"""How `ovext test` and `ovext gpu run` show a proof."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from ovext.proof.report import Proof
from ovext.report.keep import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ovext.project import OpDescription
    from ovext.proof.report import Row
    from ovext.proof.request import ProofRequest

_PAUSE = 20  # times as long as it took to write the rows, before they are written again


def proof_data(proof: Proof) -> dict[str, Any]:
    """The proof for `--json`."""
    rows = [{**asdict(row), "is_fine": row.is_fine} for row in proof.rows]
    return {"schema": 1, "project": proof.project, "rows": rows, "executed": proof.executed()}


def show_plan(ops: Sequence[OpDescription], request: ProofRequest, *, as_json: bool) -> None:
    """List the cases of each op, where they are tried, and why each is tried."""
    from ovext.cli.text import to_json
    from ovext.proof.cases import plans_of

    data = []
    for plan in plans_of(ops, request):
        cases = [{"why": why, "case": json.loads(trial.to_json())} for why, trial in plan.cases]
        data.append({"op": plan.op.type, "where": plan.where, "cases": cases})
        if not as_json:
            typer.secho(f"{plan.op.type}, {plan.where}: {len(cases)} cases", bold=True)
            for case in cases:
                typer.echo(f"  {case['why']}: {json.dumps(case['case'])}")
    if as_json:
        typer.echo(to_json({"schema": 1, "plans": data}))


class ShownProof:
    """Prints rows as they become known, and at the end each failure with the command that runs it again.

    `options` are the options of `ovext test` that all of these commands need.
    """

    def __init__(self, project: str, options: tuple[str, ...], *, quiet: bool) -> None:
        self._project, self._options, self._quiet = project, options, quiet
        self._op = ""

    def row(self, row: Row) -> None:
        if self._quiet:
            return
        if row.op != self._op:
            self._op = row.op
            typer.secho(row.op, bold=True)
            typer.echo(f"    {'check':15} {'variant':8} {'types':14} {'device':18} {'cases':>5}  worst error")
        mark, colour = ("-", "yellow") if row.skipped else ("✓", "green") if row.is_fine else ("✗", "red")
        typer.secho(f"  {mark} ", fg=colour, nl=False)
        worst = f"{row.absolute:.2g} (relative {row.relative:.2g})" if row.check == "numbers" else ""
        end = row.skipped or worst
        cases = "" if row.skipped else str(row.cases)
        typer.echo(f"{row.check:15} {row.variant:8} {row.types:14} {row.device:18} {cases:>5}  {end}".rstrip())
        if row.note:
            typer.echo(f"      {row.note}")

    def end(self, proof: Proof) -> None:
        from ovext.proof.report import CHECKS

        if self._quiet:
            return
        for row, failure in proof.failures():
            typer.echo()
            typer.secho(f"✗ {row.op}: {row.name()}", fg="red")
            for line in f"{failure.check}: {failure.what}".splitlines():
                typer.echo(f"    {line}")
            typer.echo(f"    ({failure.check}: {CHECKS[failure.check]}; try it again with)")
            typer.echo(f"    {failure.command(self._project, self._options)}")
        failed = sum(not row.is_fine for row in proof.rows)
        skipped = sum(bool(row.skipped) for row in proof.rows)
        cases = sum(row.cases for row in proof.rows)
        fine = len(proof.rows) - failed - skipped
        typer.echo(f"\n{fine} checks with {cases} cases passed, {failed} failed, {skipped} skipped")
        if devices := proof.executed():
            typer.echo(_executed(devices))


@contextmanager
def following(shown: ShownProof, folder: Path, project: str) -> Iterator[Callable[[Row], None]]:
    """A function that shows a row, and tells what is known so far to a report that follows the run."""
    rows: list[Row] = []
    next_time = 0.0
    with running(folder, "test") as tell:

        def on_row(row: Row) -> None:
            nonlocal next_time
            rows.append(row)
            shown.row(row)
            begin = time.monotonic()
            if begin >= next_time:  # all rows are written each time, which may take a small share of the run
                tell(proof_data(Proof(project, tuple(rows))))
                end = time.monotonic()
                next_time = end + _PAUSE * (end - begin)

        tell(proof_data(Proof(project)))
        yield on_row


def _executed(devices: dict[str, list[str]]) -> str:
    """How many variants were executed, and on which CPU where it is not this machine's."""
    where = {variant: ", ".join(names) for variant, names in devices.items() if names}
    texts = [variant if names == "CPU" else f"{variant} ({names})" for variant, names in where.items()]
    return f"{len(texts)} of {len(devices)} variants executed: {', '.join(texts) or 'none'}"
