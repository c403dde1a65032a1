"""The jobs that prove the ops of a project: one for each row of the proof."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from ovext.errors import LibraryError, ProjectError, ToolError, UnknownNameError
from ovext.gpu.devices import choose_device
from ovext.inspect.variants import compiled_variants
from ovext.project.attributes import PACKED
from ovext.project.forms import usual_form
from ovext.proof.cases import CASES_ON_GPU, planned_on_cpu, settings_on_cpu, with_asked_types
from ovext.proof.checks import (
    check_attributes,
    check_framework,
    check_refusals,
    check_requests,
    check_same_as,
    check_unloading,
)
from ovext.proof.cpus import NATIVE_CPU, ChosenCpu, CpuChooser, NoCpuError
from ovext.proof.gpu_plan import gpu_plan
from ovext.proof.gpu_setting import VpuSetting, settings_on
from ovext.proof.numbers import try_given, try_planned
from ovext.proof.report import Failure, Row
from ovext.proof.request import chosen_ops
from ovext.proof.setting import Setting
from ovext.proof.trial import trial_from_json
from ovext.proof.tried import wrong_of
from ovext.worker.client import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from threading import Event

    from ovext.gpu.devices import Device
    from ovext.project import OpDescription, Project
    from ovext.proof.checks import Outcome
    from ovext.proof.request import ProofRequest
    from ovext.proof.tried import Ask, Tried
    from ovext.toolchain.openvino import OpenVINO

_FEWEST_ON_GPU = 5  # in each


@dataclass(frozen=True)
class Job:
    """The work for one row, and what the row is about."""

    about: Row
    work: Callable[[Row], Row]

    def run(self) -> Row:
        start = time.monotonic()
        row = self.work(self.about)
        return replace(row, seconds=time.monotonic() - start)


@dataclass(frozen=True)
class _Subject:
    """An op and its library; a device without OpenVINO's plugin needs no library."""

    op: OpDescription
    library: Path | None
    openvino: OpenVINO
    request: ProofRequest
    stop: Event | None

    def library_of_op(self) -> Path:
        if self.library is None:
            problem = f"there is no extension library with {self.op.type}"
            raise LibraryError(problem, fix="Build one with `ovext build`, or name it with --library.")
        return self.library

    def worker(self, environment: Mapping[str, str], cpu: ChosenCpu = NATIVE_CPU) -> Worker:
        request = self.request
        return Worker(
            self.openvino,
            self.library,
            env={**environment, **cpu.environment, **request.environment},
            run_under=cpu.run_under or request.run_under,
            emulator=cpu.emulator,
            timeout=request.seconds * cpu.patience,
            stop=self.stop,
        )


def jobs_of(
    project: Project,
    libraries: Mapping[str, Path],
    openvino: OpenVINO,
    request: ProofRequest,
    *,
    talk: Callable[[str], None],
    stop: Event | None = None,
) -> list[Job]:
    """Everything to try, in the order of the project's ops.

    Args:
        project: the project whose ops are tried.
        libraries: the library in which each op is tested, by the op's type; an op's kernel on PoCL needs none.
        openvino: the release to test in.
        request: which part of the project to try.
        talk: receives a sentence that says where GPU kernels are tried.
        stop: once it is set, running jobs are interrupted.

    Raises:
        ProjectError: the project has no requested ops, none with a kernel for the device, or one without a reference.
        UnknownNameError: the request names something that does not exist.
        UsageError: the request names a variant for a GPU kernel.
        ToolError: the requested device is not here.
        LibraryError: the library is missing, was not built with ovext, or has no variant that can be run here.
    """
    ops = chosen_ops(project, request)
    on_gpu = [op for op in ops if request.is_on_gpu(op)]
    device = _device(request, openvino, talk) if on_gpu else ""
    settings = {
        op.type: [] if isinstance(device, str) else list(settings_on(op, device, openvino.version)) for op in on_gpu
    }
    if not (request.is_on_cpu() or isinstance(device, str) or any(settings.values())):
        fix = "Add a table [gpu] to an op.toml, for types that the device has."
        raise ProjectError(f"no op has a kernel for {device.text}", where=project.root, fix=fix)
    jobs: list[Job] = []
    chooser = CpuChooser(request, openvino, talk)
    for op in ops:
        subject = _Subject(op, libraries.get(op.type), openvino, request, stop)
        if request.is_on_cpu():
            jobs += _jobs_on_cpu(subject, chooser)
        if op in on_gpu:
            jobs += _jobs_on_gpu(subject, device, settings[op.type])
    return jobs


def _device(request: ProofRequest, openvino: OpenVINO, talk: Callable[[str], None]) -> Device | str:
    """Where GPU kernels run, or why nowhere. Raises an error if nothing else was requested."""
    try:
        device = choose_device(request.device, openvino)
    except ToolError as error:
        if not request.is_on_cpu():
            raise
        return error.what
    talk(f"GPU kernels run on {device.text} ({device.reason})")
    return device


def _jobs_on_cpu(subject: _Subject, chooser: CpuChooser) -> Iterator[Job]:
    op, request = subject.op, subject.request
    settings = settings_on_cpu(op, request)
    found = [(variant, cpu) for variant in _variants(subject) for cpu in chooser.of(variant)]
    if not any(isinstance(cpu, ChosenCpu) for _, cpu in found):
        problem = f"it holds no variant that can be run: {found[0][1]}"
        raise LibraryError(problem, where=subject.library_of_op(), fix="Use `ovext build`, or another --cpu or --isa.")
    for variant, cpu in found if request.check in {"", "numbers"} else []:
        if isinstance(cpu, NoCpuError):
            yield _skipped(Row(op.type, "numbers", variant=variant), str(cpu))
            continue
        for setting in settings:
            about = Row(op.type, "numbers", device=cpu.device, variant=variant, types=setting.types_text)
            without = sorted({*setting.types} & PACKED)
            if without:
                yield _skipped(about, f"numpy has no {', '.join(without)}")
            elif cpu.emulator is not None and "string" in setting.types:
                yield _skipped(about, "an emulated CPU has no tensors of strings")
            else:
                yield Job(about, partial(_numbers_on_cpu, subject, setting, cpu))
    whole = [(variant, cpu) for variant, cpu in found if isinstance(cpu, ChosenCpu) and cpu.emulator is None]
    if not request.case and whole:
        variant, cpu = ([one for one in whole if one[1].is_native] or whole)[-1]
        checks: dict[str, Callable[[Worker, Setting], Outcome]] = {
            **({"attributes": check_attributes} if op.attributes else {}),
            **{name: partial(check_framework, name, mapping) for name, mapping in op.frameworks.given()},
            **({"same_as": check_same_as} if op.test.same_as else {}),
            "refusals": check_refusals,
            "requests": check_requests,
            "unloading": check_unloading,
        }
        for name, check in checks.items():
            about = Row(op.type, name, device=cpu.device, variant=variant)
            if request.check in {"", name}:
                yield Job(about, partial(_checked, subject, check, cpu))


def _jobs_on_gpu(subject: _Subject, device: Device | str, settings: Sequence[Setting]) -> Iterator[Job]:
    op = subject.op
    if isinstance(device, str):
        yield _skipped(Row(op.type, "numbers", device="GPU"), device)
        return
    if not settings:
        yield _skipped(Row(op.type, "numbers", device=device.name), "it has no kernel for there")
        return
    if device.has_plugin:
        subject.library_of_op()
    asked = with_asked_types(op, subject.request, settings)
    wanted = max(_FEWEST_ON_GPU, -(-CASES_ON_GPU // len(asked)))
    for setting in asked:
        name = device.name + (" (VPU)" if isinstance(setting, VpuSetting) else "")
        about = Row(op.type, "numbers", device=name, types=setting.types_text)
        yield Job(about, partial(_numbers_on_gpu, subject, device, setting, wanted))


def _skipped(about: Row, why: str) -> Job:
    return Job(about, partial(replace, skipped=why))


def _variants(subject: _Subject) -> list[str]:
    """The variants to try."""
    library = subject.library_of_op()
    compiled = compiled_variants(library)
    if compiled is None:
        raise LibraryError("it was not built with ovext", where=library, fix="Use `ovext build`.")
    asked = subject.request.isa
    if asked and asked not in compiled:
        raise UnknownNameError("instruction set variant of the library", asked, compiled)
    return [one for one in compiled if not asked or one == asked]


def _numbers_on_cpu(subject: _Subject, setting: Setting, cpu: ChosenCpu, row: Row) -> Row:
    """Try the requested case; by default those of op.toml and drawn ones."""
    request = subject.request
    with subject.worker({"OVEXT_ISA": row.variant}, cpu) as worker:
        together = cpu.emulator is None and not request.case  # an emulated CPU has no plugin
        tried = _tried(subject, worker.ask, setting, together=together)
        hangs = tried.wrong is not None and tried.wrong.check == "hang"
        if not (request.case or hangs):
            try_planned(worker.ask, setting, tried, planned_on_cpu(setting, request), together=together)
        is_right = cpu.emulator is not None and tried.failed is None and not tried.skipped
        foreign = worker.ask("foreign-instructions", {})["found"] if is_right else []
    where = ("--isa", row.variant, *_choosing(cpu))
    done = _with_numbers(row, tried, where)
    again = ("--op", row.op, *where, "--types", row.types)
    return replace(done, failures=(*done.failures, *(Failure("instructions", one, again) for one in foreign[:1])))


def _choosing(cpu: ChosenCpu) -> tuple[str, ...]:
    """The options that choose the CPU again."""
    return () if cpu.is_native else ("--cpu", cpu.name)


def _numbers_on_gpu(subject: _Subject, device: Device, setting: Setting, wanted: int, row: Row) -> Row:
    """Try the requested case; by default those of op.toml, and planned ones."""
    request = subject.request
    with subject.worker(device.environment) as worker:
        tried = _tried(subject, worker.ask, setting)
        if not request.case and tried.failed is None and not isinstance(setting, VpuSetting):
            wanted = wanted if request.examples is None else min(wanted, request.examples)
            try_planned(worker.ask, setting, tried, gpu_plan(setting.op, wanted, request.seed))
    return _with_numbers(row, tried, ("--device", device.option))


def _tried(subject: _Subject, ask: Ask, setting: Setting, *, together: bool = False) -> Tried:
    case = subject.request.case
    trials = [trial_from_json(case, setting.op)] if case else setting.given()
    tried = try_given(ask, setting, [one for one in trials if not setting.obstacle(one)], together=together)
    tried.skipped = tried.skipped or next(filter(None, map(setting.obstacle, trials)), "")
    return tried


def _with_numbers(row: Row, tried: Tried, where: tuple[str, ...]) -> Row:
    """The row with the results; `where` are the options that select its device or variant."""
    failures: tuple[Failure, ...] = ()
    if tried.failed is not None and tried.wrong is not None:
        case = ("--case", tried.failed.to_json()) if tried.wrong.is_alone else ()
        options = ("--op", row.op, *where, "--types", row.types, *case)
        failures = (Failure(tried.wrong.check, tried.wrong.what, options),)
    numbers = replace(
        row,
        cases=tried.cases,
        absolute=tried.absolute,
        relative=tried.relative,
        points=tuple(tried.points),
        failures=failures,
        note=tried.note,
        is_executed=tried.answers > 0,
    )
    return numbers if tried.cases else replace(numbers, skipped=tried.skipped or tried.note, note="")


def _checked(subject: _Subject, check: Callable[[Worker, Setting], Outcome], cpu: ChosenCpu, row: Row) -> Row:
    """Run a check once for an op, with the first combination of element types that numpy has."""
    op = subject.op
    form = usual_form(op)
    types = next((one for one in form.combinations() if not {*one} & PACKED), None)
    if types is None:
        return replace(row, skipped="numpy does not have its element types")
    setting = Setting(form, tuple(types))
    again = ("--op", op.type, "--isa", row.variant, *_choosing(cpu), "--check", row.check)
    with subject.worker({"OVEXT_ISA": row.variant}, cpu) as worker:
        try:
            outcome = check(worker, setting)
        except LibraryError as error:
            wrong = wrong_of(error, row.check)
            return replace(row, failures=(Failure(wrong.check, wrong.what, again),))
    failures = tuple(Failure(row.check, what, again) for what in outcome.problems)
    return replace(row, cases=outcome.cases, failures=failures, skipped=outcome.skipped)
