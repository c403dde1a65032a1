"""Prove the ops of a project: run every job, in parallel."""

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
    from ovext.proof.request import ProofRequest
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
    """Try everything that was requested, as many jobs at once as there are CPUs. `on_row` receives each row in order.

    The arguments and errors are the same as for jobs_of.
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
            pool.shutdown(wait=False, cancel_futures=True)  # jobs that have not started must not start
            raise
    proof = Proof(project.name, tuple(rows))
    return proof.requiring_variants() if request.require else proof
