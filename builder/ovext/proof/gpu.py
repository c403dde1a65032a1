"""The GPU kernels of a project, as rows of a proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovext.errors import ToolError
from ovext.gpu.devices import choose_device
from ovext.gpu.run import run_layers
from ovext.proof.report import Failure, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ovext.gpu.run import Outcome
    from ovext.project import Project
    from ovext.proof.run import ProofRequest
    from ovext.toolchain.openvino import OpenVINO

_NAMES = {"GPU": "GPU", "sim": "simulated GPU", "pocl": "PoCL"}


def prove_on_gpu(
    project: Project,
    libraries: Mapping[str, Path],
    openvino: OpenVINO,
    request: ProofRequest,
    asked: str | None,
    *,
    on_row: Callable[[Row], None],
) -> list[Row]:
    """Run the test cases of every op with a GPU kernel. Without a device each op has a row that says so.

    Raises:
        ToolError: the device asked for is not here.
        UnknownNameError: there is no such kind of device.
    """
    ops = [op.type for op in project.ops if op.gpu and request.op in {"", op.type}]
    if not ops or request.case:
        return []
    rows: list[Row] = []
    try:
        device = choose_device(asked, openvino)
    except ToolError as error:
        if asked is not None:
            raise
        rows = [Row(op, "numbers", device="GPU", skipped=error.what) for op in ops]
    else:
        outcomes = run_layers(
            project, libraries, openvino, device, lambda _: None, seconds=request.seconds, op=request.op
        )
        rows = list(_rows(outcomes, device.kind))
    for row in rows:
        on_row(row)
    return rows


def _rows(outcomes: Sequence[Outcome], kind: str) -> Iterator[Row]:
    """One row for each op and type, with the worst of its runs."""
    for op, types in dict.fromkeys((one.op, _types(one)) for one in outcomes):
        runs = [one for one in outcomes if (one.op, _types(one)) == (op, types)]
        compared = [one for run in runs for one in (run.reference, run.cpu) if one]
        options = ("--op", op, "--device", kind)
        failures = {_what(run): None for run in runs if not run.is_fine}
        yield Row(
            op,
            "numbers",
            device=_NAMES[kind],
            types=types,
            cases=sum(not run.skipped for run in runs),
            absolute=max((one.absolute for one in compared), default=0.0),
            relative=max((one.relative for one in compared), default=0.0),
            failures=tuple(Failure(what, options) for what in failures),
            skipped="" if any(not run.skipped for run in runs) else runs[0].skipped,
        )


def _types(outcome: Outcome) -> str:
    same = outcome.precision == outcome.element
    return outcome.element if same else f"{outcome.element} as {outcome.precision}"


def _what(outcome: Outcome) -> str:
    if outcome.failure:
        return f"{outcome.sample}: {outcome.failure}"
    for name, one in (("the reference", outcome.reference), ("the CPU", outcome.cpu)):
        if one and not one.agrees:
            difference = one.shape or f"off by {one.absolute:.2g}; {one.wrong} of {one.elements} wrong, {one.worst}"
            return f"{outcome.sample}: not as {name}: {difference}"
    return f"{outcome.sample}: nothing was compared"
