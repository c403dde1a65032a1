"""The same in Markdown, for a pull request or a workflow's summary."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from ovext.report.grid import base_oses_of, grid_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ovext.report.compare import Differences
    from ovext.report.overview import Overview
    from ovext.report.records import ProofRowData

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#!~$@&])")
_EMOJI = {"loads": "✅", "fails": "❌", "failed": "❌", "unknown": "❔"}


def overview_markdown(shown: Overview, title: str) -> str:
    """What matters of a report, with a table for each part."""
    lines = [
        f"## {_escaped(title)}",
        "",
        *_grid(shown),
        *_matrix(shown),
        *_proofs(shown),
        *_targets(shown),
        *_gpu(shown),
    ]
    lines += [f"- left out: {_escaped(one)}" for one in shown.problems]
    return "\n".join(lines).rstrip() + "\n"


def comparison_markdown(changes: Sequence[Differences], title: str) -> str:
    """What changed, with a table for each library or op."""
    lines = [f"## {_escaped(title)}", ""]
    for part in changes:
        rows = [
            (f"{'⚠️ ' if one.is_worse else ''}{_escaped(one.what)}", _escaped(one.before), _escaped(one.after))
            for one in part.changes
        ]
        lines += [f"### {_escaped(part.name)}", "", *_table(("what", "before", "after"), rows), ""]
    return "\n".join(lines if changes else [*lines, "Nothing has changed."]).rstrip() + "\n"


def _grid(shown: Overview) -> Iterator[str]:
    grid = grid_of(shown)
    if not grid:
        return
    bases = base_oses_of(shown)
    rows = [
        (*map(_escaped, (row.project, row.openvino, row.level)), *(_EMOJI[row.cells[base].state] for base in bases))
        for row in grid
    ]
    yield from _table(("project", "OpenVINO", "CPU level", *map(_escaped, bases)), rows)
    yield ""
    reasons = dict.fromkeys(
        f"- {_EMOJI[cell.state]} {_escaped(base)}: {_escaped(cell.reason)}"
        for row in grid
        for base, cell in row.cells.items()
        if cell.state in {"fails", "failed"}
    )
    if reasons:
        yield from (*reasons, "")


def _matrix(shown: Overview) -> Iterator[str]:
    failed = [one.data for one in shown.cells if one.data.result == "failed"]
    if shown.cells:
        yield f"Matrix: {len(shown.cells)} cells, {len(failed)} failed."
        yield from (f"- ❌ {_escaped(one.cell)}: {_escaped(one.reason or 'see its log')}" for one in failed)
        yield ""


def _proofs(shown: Overview) -> Iterator[str]:
    by_op: dict[str, list[ProofRowData]] = {}
    for _, row in shown.proofs:
        by_op.setdefault(row.op, []).append(row)
    if not by_op:
        return
    rows = []
    for op, own in by_op.items():
        counts = Counter(row.outcome for row in own)
        wrong = f"{'❌ ' if counts['wrong'] else ''}{counts['wrong']}"
        cases = f"{sum(row.cases for row in own):,}"
        rows.append((_escaped(op), cases, str(counts["fine"]), wrong, str(counts["left out"])))
    yield from _table(("op", "cases", "checks passed", "failed", "left out"), rows)
    yield ""
    failures = dict.fromkeys(
        f"- ❌ {_escaped(row.op)}, {_escaped(one.check)}: {_escaped(one.what.splitlines()[0] if one.what else '')}"
        for _, row in shown.proofs
        for one in row.failures
    )
    if failures:
        yield from (*failures, "")


def _targets(shown: Overview) -> Iterator[str]:
    rows = [
        (
            _escaped(one.op),
            _escaped(target.case),
            _escaped(target.baseline),
            f"{target.measured:.2f}",
            f"{target.wanted:g}",
            "✅" if target.is_met else "❌",
        )
        for _, one in shown.benches
        for target in one.targets
    ]
    if rows:
        yield from _table(("op", "inputs", "times as fast as", "measured", "wanted", "met"), rows)
        yield ""


def _gpu(shown: Overview) -> Iterator[str]:
    if shown.gpu is None:
        return
    yield f"GPU layers: {', '.join(map(_escaped, shown.gpu.layers)) or 'none'}; {_count(len(shown.gpu.findings))}."
    for one in shown.gpu.findings:
        yield f"- {_escaped(one.level)} {_escaped(one.file)}:{one.line}: {_escaped(one.text)}"
    yield ""


def _count(findings: int) -> str:
    return "1 finding" if findings == 1 else f"{findings} findings"


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield f"|{'---|' * len(headings)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
