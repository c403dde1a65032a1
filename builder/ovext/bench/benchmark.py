"""Running a project's benchmark and evaluating its numbers."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovext.bench.cases import case_text
from ovext.errors import BuildError, LibraryError, ProjectError, nearest
from ovext.files import writing_to
from ovext.inspect.variants import compiled_variants
from ovext.models.ir import chain_model, one_op_model
from ovext.targets.isa import host_cpuinfo_flags, isa_table
from ovext.toolchain.cmake import find_build_tools
from ovext.toolchain.process import stream
from ovext.worker.client import ask_once

if TYPE_CHECKING:
    from ovext.bench.cases import Bench, BenchInput
    from ovext.project import OpDescription, Project
    from ovext.toolchain.compiler import Compiler
    from ovext.toolchain.openvino import OpenVINO


_BASELINES = """\
cmake_minimum_required(VERSION 3.26)
project(baselines LANGUAGES CXX)
find_package(OpenVINO REQUIRED COMPONENTS Runtime Threading)
add_library(baselines MODULE "{source}")
target_compile_features(baselines PRIVATE cxx_std_17)
target_link_libraries(baselines PRIVATE openvino::runtime openvino::threading)
"""


@dataclass(frozen=True)
class Measurement:
    """One op on one input. Ratios are medians over rounds of (the other's time in the round / its time in it)."""

    case: str
    entry: str  # the name of a baseline, or the id of a variant
    microseconds: float
    gigabytes_per_second: float
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
    best_variant: str
    rows: tuple[Measurement, ...]
    targets: tuple[Target, ...]

    def to_json(self) -> dict[str, Any]:
        targets = [{**asdict(target), "is_met": target.is_met} for target in self.targets]
        rows = [asdict(row) for row in self.rows]
        return {"op": self.op, "best_variant": self.best_variant, "rows": rows, "targets": targets}


def run_bench(project: Project, bench: Bench, library: Path, openvino: OpenVINO, compiler: Compiler) -> BenchResult:
    """Measure every runnable variant of the project's op and every baseline on every case.

    Raises:
        ProjectError: the benchmark names an op that the project lacks.
        LibraryError: the library does not load, or lacks a variant that this CPU can run.
        BuildError: the baselines do not compile.
    """
    op = measured_op(project, bench)
    host = host_cpuinfo_flags()
    compiled = compiled_variants(library) or ()
    variants = [isa for isa in compiled if isa_table()[isa].is_supported(host)]
    if not variants:
        raise LibraryError("it holds no variant that this CPU can run", where=library, fix="Use `ovext build`.")
    own = _compile_baselines(project, bench, openvino, compiler) if bench.source else None

    def entries(inputs: list[BenchInput]) -> list[dict[str, Any]]:
        tensors = [tensor.tensor_type() for tensor in inputs]
        baselines = [
            _entry(item.name, chain_model(item.texts(), tensors), own if item.own else None) for item in bench.baselines
        ]
        values = op.all_values(bench.attributes)
        model = one_op_model(op.type, op.opset, tensors, op.ir_attributes(values), outputs=len(op.outputs))
        return [*baselines, *(_entry(isa, model, library, isa) for isa in variants)]

    request = {"cases": [{"entries": entries(inputs)} for inputs in bench.cases]}
    answer = ask_once(openvino, "measure", request, library)
    return _evaluate(bench, variants, answer["cases"])


def measured_op(project: Project, bench: Bench) -> OpDescription:
    """The op that a benchmark is about.

    Raises:
        ProjectError: the project lacks it, or an attribute that the benchmark gives.
    """
    op = next((op for op in project.ops if op.type == bench.op), None)
    if op is None:
        raise ProjectError(
            f"a benchmark measures '{bench.op}', which no op.toml describes", where=project.root / "bench"
        )
    attributes = {one.name: one for one in op.attributes}
    for name, value in bench.attributes.items():
        if name not in attributes or (why := attributes[name].refusal_of(value)):
            why = f"'{name}' is no attribute{nearest(name, attributes)}" if name not in attributes else why
            raise ProjectError(f"a benchmark of {op.type}: {why}", where=project.root / "bench")
    return op


def _entry(label: str, model: str, library: Path | None, isa: str | None = None) -> dict[str, Any]:
    return {"label": label, "model": model, "library": str(library) if library else None, "isa": isa}


def _compile_baselines(project: Project, bench: Bench, openvino: OpenVINO, compiler: Compiler) -> Path:
    """Compile the project's own baselines into a library, with only the benchmark's flags."""
    tools = find_build_tools()
    name = Path(str(bench.source)).stem
    folder = project.root / "build" / f"bench-{name}-openvino{openvino.version}-{compiler.id}{compiler.version}"
    log = folder / "bench.log"
    with writing_to(folder):
        (folder / "source").mkdir(parents=True, exist_ok=True)
        source = project.root / "bench" / str(bench.source)
        (folder / "source" / "CMakeLists.txt").write_text(_BASELINES.format(source=source), encoding="utf-8")
        defines = [f"-DCMAKE_CXX_COMPILER={compiler.path}", f"-DCMAKE_MAKE_PROGRAM={tools.ninja}"]
        defines += [f"-DOpenVINO_DIR={openvino.cmake_dir}", f"-DCMAKE_CXX_FLAGS={' '.join(bench.flags)}"]
        configure = ["-S", str(folder / "source"), "-B", str(folder), "-G", "Ninja", "-DCMAKE_BUILD_TYPE=", *defines]
        for arguments in (configure, ["--build", str(folder)]):
            finished = stream([str(tools.cmake), *arguments], lambda _: None, log=log)
            if not finished.ok:
                raise BuildError("The baselines of the benchmark did not compile.", output=finished.output, log=log)
    return folder / "libbaselines.so"


def _evaluate(bench: Bench, variants: list[str], measured: list[dict[str, Any]]) -> BenchResult:
    rows: list[Measurement] = []
    targets: list[Target] = []
    for number, (inputs, answer) in enumerate(zip(bench.cases, measured, strict=True)):
        case = case_text(inputs)
        rounds: dict[str, list[float]] = answer["medians"]
        for label, times in rounds.items():
            seconds = statistics.median(times)
            ratios = {item.name: _ratio(rounds[item.name], times) for item in bench.baselines if item.name != label}
            rows.append(Measurement(case, label, seconds * 1e6, answer["bytes"] / seconds / 1e9, ratios))
        best = rounds[variants[-1]]
        targets += [
            Target(case, item.name, wanted, _ratio(rounds[item.name], best))
            for item in bench.baselines
            if (wanted := item.at_least[number] if isinstance(item.at_least, list) else item.at_least) is not None
        ]
    return BenchResult(bench.op, variants[-1], tuple(rows), tuple(targets))


def _ratio(others: list[float], own: list[float]) -> float:
    return statistics.median(other / mine for other, mine in zip(others, own, strict=True))
