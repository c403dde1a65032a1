"""Running a project's benchmark and evaluating its numbers."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovext.bench.cases import COPY, PEAK, case_text
from ovext.bench.native import compiled_baselines
from ovext.errors import LibraryError, ProjectError, nearest
from ovext.inspect.variants import compiled_variants
from ovext.models.ir import chain_model
from ovext.project.consistency import shape_of
from ovext.project.forms import form_with_first
from ovext.project.shapes import bound_sizes, evaluate
from ovext.proof.setting import Setting
from ovext.proof.trial import Trial
from ovext.targets.isa import host_cpuinfo_flags, isa_table
from ovext.worker.client import ask_once

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ovext.bench.cases import Baseline, Bench, BenchInput
    from ovext.models.ir import TensorType
    from ovext.project import OpDescription, Project
    from ovext.toolchain.compiler import Compiler
    from ovext.toolchain.openvino import OpenVINO

_ROOFS = Path(__file__).with_name("roofs.cpp")
_ROOF_FLAGS = ("-O3", "-march=native")
_SECONDS = 3600.0
_PROCESSES, _ROUNDS = 3, 6  # in another process, tensors are elsewhere in memory, which also makes a difference


@dataclass(frozen=True)
class Measurement:
    """One op on one input. Ratios are medians over rounds of (the other's time in the round / its time in it).

    `of_roof` is how close it is to the roof of the machine: 1 where it needs the time of copying as many bytes, or of
    as many additions and multiplications in registers. `copies` is its time divided by that of the copy, and `noise`
    how far this varies from round to round, as a part of it.
    """

    case: str
    entry: str  # the name of a baseline, or the id of a variant
    microseconds: float
    gigabytes_per_second: float
    gigaflops: float | None
    of_roof: float
    copies: float
    noise: float
    times_as_fast_as: dict[str, float]  # by baseline


@dataclass(frozen=True)
class Target:
    """A ratio that the project wants, for the variant that this CPU chooses."""

    case: str
    baseline: str
    wanted: float
    measured: float

    @property
    def is_met(self) -> bool:
        return self.measured >= self.wanted


@dataclass(frozen=True)
class BenchResult:
    op: str
    variants: tuple[str, ...]
    peak_gigaflops: float | None
    rows: tuple[Measurement, ...]
    targets: tuple[Target, ...]

    @property
    def best_variant(self) -> str:
        """The variant that this CPU chooses."""
        return self.variants[-1]

    def to_json(self) -> dict[str, Any]:
        targets = [{**asdict(target), "is_met": target.is_met} for target in self.targets]
        rows = [asdict(row) for row in self.rows]
        return {
            "op": self.op,
            "best_variant": self.best_variant,
            "variants": self.variants,
            "peak_gigaflops": self.peak_gigaflops,
            "rows": rows,
            "targets": targets,
        }


@dataclass(frozen=True)
class _Libraries:
    """The op's library, the project's own baselines, and the roofs."""

    library: Path
    own: Path | None
    roofs: Path


def run_bench(
    project: Project,
    bench: Bench,
    library: Path,
    openvino: OpenVINO,
    *,
    compiler: Compiler,
    talk: Callable[[str], None],
) -> BenchResult:
    """Measure every runnable variant of the project's op and every baseline on every case.

    `talk` is told of baselines that are left out because they fail, or compute something else.

    Raises:
        ProjectError: the benchmark names an op that the project lacks, or its inputs do not fit the op.
        LibraryError: the library does not load, or lacks a variant that this CPU can run.
        BuildError: the baselines do not compile.
    """
    op = measured_op(project, bench)
    host = host_cpuinfo_flags()
    compiled = compiled_variants(library) or ()
    variants = [isa for isa in compiled if isa_table()[isa].is_supported(host)]
    if not variants:
        raise LibraryError("it holds no variant that this CPU can run", where=library, fix="Use `ovext build`.")
    own = (
        compiled_baselines(project, bench.file.parent / bench.source, bench.flags, openvino, compiler)
        if bench.source
        else None
    )
    libraries = _Libraries(library, own, compiled_baselines(project, _ROOFS, _ROOF_FLAGS, openvino, compiler))
    cases = [_case(op, bench, inputs, libraries, variants) for inputs in bench.cases]
    request = {"cases": cases, "rounds": _ROUNDS}
    runs = [ask_once(openvino, "measure", request, library, timeout=_SECONDS)["cases"] for _ in range(_PROCESSES)]
    answers = [_together(one) for one in zip(*runs, strict=True)]
    for label, why in {one: why for answer in answers for one, why in answer["failed"].items()}.items():
        if label in variants:
            raise LibraryError(f"{op.type} of {label} cannot be measured: {why}", where=library)
        talk(f"{bench.file}: the baseline '{label}' is left out: {why}")
    for label, why in {one: why for answer in answers for one, why in answer["differs"].items()}.items():
        talk(f"{bench.file}: the baseline '{label}' computes something else: {why}")
    return _evaluate(bench, variants, answers)


def measured_op(project: Project, bench: Bench) -> OpDescription:
    """The op that a benchmark is about.

    Raises:
        ProjectError: the project lacks it, or an attribute that the benchmark gives.
    """
    op = next((op for op in project.ops if op.type == bench.op), None)
    if op is None:
        raise ProjectError(f"a benchmark measures '{bench.op}', which no op.toml describes", where=bench.file)
    attributes = {one.name: one for one in op.attributes}
    for name, value in bench.attributes.items():
        if name not in attributes or (why := attributes[name].refusal_of(value)):
            why = f"'{name}' is no attribute{nearest(name, attributes)}" if name not in attributes else why
            raise ProjectError(f"a benchmark of {op.type}: {why}", where=bench.file)
    return op


def _case(
    op: OpDescription, bench: Bench, inputs: list[BenchInput], libraries: _Libraries, variants: Sequence[str]
) -> dict[str, Any]:
    """What the worker measures with these inputs."""
    try:
        form = form_with_first(op, len(inputs))
        types = next(
            (one for one in form.combinations() if one[: len(inputs)] == [tensor.element for tensor in inputs]), None
        )
        shapes = {one.name: tuple(tensor.shape) for one, tensor in zip(form.inputs, inputs, strict=True)}
        sizes = bound_sizes(form, shapes, op.all_values(bench.attributes)).known
        flops, count = (evaluate(one, sizes) if one else 0 for one in (bench.flops, bench.bytes))
    except ValueError as error:
        raise ProjectError(f"{case_text(inputs)} are no inputs of {op.type}: {error}", where=bench.file) from None
    if types is None:
        raise ProjectError(f"{op.type} has no such element types: {case_text(inputs)}", where=bench.file)
    if flops < 0 or count < 0:
        raise ProjectError(f"flops and bytes are {flops} and {count} for {case_text(inputs)}", where=bench.file)
    for tensor in inputs:
        if tensor.values is not None and shape_of(tensor.values) != tuple(tensor.shape):
            raise ProjectError(f"values are not numbers in the shape {tensor.shape}", where=bench.file)
    given = {
        one.name: tensor.values for one, tensor in zip(form.inputs, inputs, strict=True) if tensor.values is not None
    }
    request = Setting(form, tuple(types)).request(Trial(shapes, bench.attributes, given=given))
    (run,) = request["runs"]
    tensors = [tensor.tensor_type() for tensor in inputs]
    entries = [_baseline(one, tensors, bench, libraries.own) for one in bench.baselines]
    entries += [_entry(isa, {"text": run["model"]}, libraries.library, isa) for isa in variants]
    return {
        **request,
        **run,
        "attributes": op.all_values(bench.attributes),
        "entries": entries,
        "flops": flops,
        "bytes": count,
        "roofs": {"library": str(libraries.roofs), "copy": COPY, "peak": PEAK if flops else ""},
    }


def _together(answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The rounds of all processes, for what each of them could measure."""
    failed = {label: why for one in answers for label, why in one["failed"].items()}
    labels = [label for label in answers[0]["rounds"] if label not in failed]
    rounds = {label: [time for one in answers for time in one["rounds"][label]] for label in labels}
    differs = {label: why for one in answers for label, why in one["differs"].items()}
    return {**answers[0], "rounds": rounds, "failed": failed, "differs": differs}


def _baseline(baseline: Baseline, tensors: Sequence[TensorType], bench: Bench, own: Path | None) -> dict[str, Any]:
    library = own if baseline.own else None
    if texts := baseline.texts():
        return _entry(baseline.name, {"text": chain_model(texts, tensors)}, library)
    file, _, function = (baseline.call or baseline.model).partition(":")
    how = {
        "file": str(bench.file.parent / file),
        "function": function,
        "is_call": bool(baseline.call),
        "same": baseline.same,
    }
    return _entry(baseline.name, how, library)


def _entry(label: str, how: dict[str, Any], library: Path | None, isa: str | None = None) -> dict[str, Any]:
    return {"label": label, **how, "library": str(library) if library else None, "isa": isa}


def _evaluate(bench: Bench, variants: Sequence[str], measured: list[dict[str, Any]]) -> BenchResult:
    rows: list[Measurement] = []
    targets: list[Target] = []
    peaks: list[float] = []
    for number, (inputs, answer) in enumerate(zip(bench.cases, measured, strict=True)):
        case = case_text(inputs)
        rounds: dict[str, list[float]] = answer["rounds"]
        roofs = rounds[COPY]
        if PEAK in rounds:
            peak = answer["flops_of_peak"] / statistics.median(rounds[PEAK])
            peaks.append(peak / 1e9)
            roofs = [max(one, answer["flops"] / peak) for one in roofs]
        known = [one for one in bench.baselines if one.name in rounds]
        for label, times in rounds.items():
            if label == PEAK:
                continue
            seconds = statistics.median(times)
            copies = [time / copy for time, copy in zip(times, rounds[COPY], strict=True)]
            rows.append(
                Measurement(
                    case,
                    label,
                    seconds * 1e6,
                    answer["bytes"] / seconds / 1e9,
                    answer["flops"] / seconds / 1e9 if answer["flops"] and label != COPY else None,
                    _ratio(roofs, times),
                    statistics.median(copies),
                    _noise(copies),
                    {item.name: _ratio(rounds[item.name], times) for item in known if item.name != label},
                )
            )
        best = rounds[variants[-1]]
        targets += [
            Target(case, item.name, wanted, _ratio(rounds[item.name], best))
            for item in known
            if (wanted := item.at_least[number] if isinstance(item.at_least, list) else item.at_least) is not None
        ]
    return BenchResult(bench.op, tuple(variants), max(peaks, default=None), tuple(rows), tuple(targets))


def _ratio(others: list[float], own: list[float]) -> float:
    return statistics.median(other / mine for other, mine in zip(others, own, strict=True))


def _noise(ratios: list[float]) -> float:
    """Half of the range in which half of the rounds are, as a part of the median.

    That is about twice as far as the median of all rounds varies.
    """
    low, middle, high = statistics.quantiles(ratios, n=4)
    return (high - low) / 2 / middle
