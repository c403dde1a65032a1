"""Proving the ops of a project: every job, side by side."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING

from ovext.proof.jobs import Job, jobs_of
from ovext.proof.report import Proof, Row
from ovext.toolchain.process import cpu_count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ovext.project import Project
    from ovext.proof.jobs import ProofRequest
    from ovext.toolchain.openvino import OpenVINO


def prove(
    project: Project,
    libraries: Mapping[str, Path],
    openvino: OpenVINO,
    request: ProofRequest,
    *,
    talk: Callable[[str], None],
    on_row: Callable[[Row], None],
) -> Proof:
    """Try everything that is asked for, as much at once as there are CPUs; `on_row` gets each row in order.

    The arguments and errors are those of jobs_of.
    """
    stop = Event()
    jobs = jobs_of(project, libraries, openvino, request, talk=talk, stop=stop)
    rows: list[Row] = []
    with ThreadPoolExecutor(cpu_count()) as pool:
        try:
            for row in pool.map(Job.run, jobs):
                on_row(row)
                rows.append(row)
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)  # what has not begun is not to begin
            raise
    return Proof(project.name, tuple(rows))
