"""Proving the ops of a project: which checks there are, and running them side by side."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

from ovext.errors import LibraryError, ProjectError, UnknownNameError
from ovext.inspect.variants import compiled_variants
from ovext.project.attributes import WITHOUT_NUMBERS
from ovext.proof.checks import check_attributes, check_concurrency, check_refusals, check_unloading
from ovext.proof.numbers import try_numbers, try_one
from ovext.proof.report import Failure, Proof, Row
from ovext.proof.trial import Setting, trial_from_json
from ovext.targets.isa import host_cpuinfo_flags, isa_table
from ovext.toolchain.process import cpu_count
from ovext.worker.client import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ovext.project import OpDescription, Project
    from ovext.proof.checks import Outcome
    from ovext.toolchain.openvino import OpenVINO


@dataclass(frozen=True)
class ProofRequest:
    """Which part of a project to try, and how much; an empty string means everything."""

    op: str = ""
    isa: str = ""
    types: str = ""
    case: str = ""
    examples: int = 100
    seed: int = 0
    seconds: float = 30.0  # that one answer of the library may take


@dataclass(frozen=True)
class Job:
    """One row to find out: what it is about, and the work."""

    about: Row
    work: Callable[[Row], Row]

    def run(self) -> Row:
        start = time.monotonic()
        row = self.work(self.about)
        return replace(row, seconds=time.monotonic() - start)


@dataclass(frozen=True)
class _Subject:
    """An op in a library."""

    op: OpDescription
    library: Path
    openvino: OpenVINO
    request: ProofRequest
    stop: Event

    def worker(self, variant: str) -> Worker:
        return Worker(
            self.openvino, self.library, env={"OVEXT_ISA": variant}, timeout=self.request.seconds, stop=self.stop
        )


def prove_on_cpu(
    project: Project,
    libraries: Mapping[str, Path],
    openvino: OpenVINO,
    request: ProofRequest,
    on_row: Callable[[Row], None],
) -> Proof:
    """Try everything that is asked for, as much at once as there are CPUs; `on_row` gets each row in order.

    `libraries` has for the type of each op the library that it is tested in.

    Raises:
        ProjectError: the project has no ops, or one without a reference.
        UsageError: the request names something that there is not.
        LibraryError: the library was not built with ovext, or holds no variant that this CPU can run.
    """
    stop = Event()
    jobs = jobs_of(project, libraries, openvino, request, stop)
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


def jobs_of(
    project: Project,
    libraries: Mapping[str, Path],
    openvino: OpenVINO,
    request: ProofRequest,
    stop: Event | None = None,
) -> list[Job]:
    """Everything to try on the CPU; `stop` ends what runs. Raises as prove_on_cpu does."""
    stop = stop or Event()
    subjects = [_Subject(op, libraries[op.type], openvino, request, stop) for op in chosen_ops(project, request)]
    return [job for subject in subjects for job in _jobs(subject)]


def chosen_ops(project: Project, request: ProofRequest) -> list[OpDescription]:
    """The ops that are asked for. Raises as prove_on_cpu does."""
    ops = {op.type: op for op in project.ops}
    if not ops:
        raise ProjectError(
            "the project has no ops to test", where=project.root / "ops", fix="Add one with `ovext new`."
        )
    if request.op and request.op not in ops:
        raise UnknownNameError("op", request.op, ops)
    chosen = [ops[request.op]] if request.op else list(ops.values())
    for op in chosen:
        reference = op.folder / "reference.py"
        if not reference.is_file():
            fix = f"Write one with a function {op.folder.name}() that computes {op.type} in numpy."
            raise ProjectError(f"{op.type} has no reference", where=reference, fix=fix)
    return chosen


def _jobs(subject: _Subject) -> Iterator[Job]:
    runnable, skipped = _variants(subject)
    op = subject.op
    for variant in runnable:
        for types in _combinations(subject):
            about = Row(op.type, "numbers", variant=variant, types=types_text(op, types))
            yield Job(about, partial(_numbers, subject, types))
    for variant in skipped:
        about = Row(op.type, "numbers", variant=variant)
        yield Job(about, partial(replace, skipped="this CPU cannot run it"))
    if not subject.request.case:
        checks = [*([check_attributes] if op.attributes else []), check_refusals, check_concurrency, check_unloading]
        for check in checks:
            about = Row(op.type, check.__name__.removeprefix("check_"), variant=runnable[-1])
            yield Job(about, partial(_checked, subject, check))


def _variants(subject: _Subject) -> tuple[list[str], list[str]]:
    """The variants to try: those that this CPU can run, and those that it cannot."""
    compiled = compiled_variants(subject.library)
    if compiled is None:
        raise LibraryError("it was not built with ovext", where=subject.library, fix="Use `ovext build`.")
    asked = subject.request.isa
    if asked and asked not in compiled:
        raise UnknownNameError("instruction set variant of the library", asked, compiled)
    flags = host_cpuinfo_flags()
    chosen = [one for one in compiled if not asked or one == asked]
    runnable = [one for one in chosen if isa_table()[one].is_supported(flags)]
    if not runnable:
        raise LibraryError("it holds no variant that this CPU can run", where=subject.library, fix="Use `ovext build`.")
    return runnable, [one for one in chosen if one not in runnable]


def _combinations(subject: _Subject) -> list[tuple[str, ...]]:
    """The combinations of element types to try, of inputs and outputs."""
    by_text = {types_text(subject.op, one): tuple(one) for one in subject.op.combinations()}
    asked = subject.request.types
    if asked and asked not in by_text:
        raise UnknownNameError(f"combination of element types of {subject.op.type}", asked, by_text)
    return [one for text, one in by_text.items() if not asked or text == asked]


def types_text(op: OpDescription, types: Sequence[str]) -> str:
    """The element types of the inputs that do not follow from others, such as "f32" or "f32,i64"."""
    free = [element for one, element in zip(op.inputs, types, strict=False) if not isinstance(one.types, str)]
    return ",".join(free)


def _numbers(subject: _Subject, types: tuple[str, ...], row: Row) -> Row:
    op, request = subject.op, subject.request
    if without := sorted({*types} & WITHOUT_NUMBERS):
        return replace(row, skipped=f"numpy has no {', '.join(without)}")
    setting = Setting(op, types)
    with subject.worker(row.variant) as worker:
        if request.case:
            tried = try_one(worker, setting, trial_from_json(request.case, op))
        else:
            tried = try_numbers(worker, setting, examples=request.examples, seed_of_run=request.seed)
    failures: tuple[Failure, ...] = ()
    if tried.failed is not None:
        case = tried.failed.to_json()
        failures = (Failure(tried.what, ("--op", op.type, "--isa", row.variant, "--types", row.types, "--case", case)),)
    return replace(row, cases=tried.cases, absolute=tried.absolute, relative=tried.relative, failures=failures)


def _checked(subject: _Subject, check: Callable[[Worker, Setting], Outcome], row: Row) -> Row:
    """A check that is done once for an op, in the first combination of element types that numpy has."""
    op = subject.op
    types = next((one for one in op.combinations() if not {*one} & WITHOUT_NUMBERS), None)
    if types is None:
        return replace(row, skipped="numpy has not its element types")
    setting = Setting(op, tuple(types))
    with subject.worker(row.variant) as worker:
        try:
            outcome = check(worker, setting)
        except LibraryError as error:
            return replace(row, failures=(Failure(error.what, ("--op", op.type)),))
    failures = tuple(Failure(what, ("--op", op.type)) for what in outcome.problems)
    return replace(row, cases=outcome.cases, failures=failures)
