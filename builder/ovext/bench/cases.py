"""bench/*.toml of a project: what to measure, and against what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from ovext.errors import ProjectError
from ovext.models.ir import OpText, TensorType
from ovext.project.attributes import AttributeValue, ElementType
from ovext.project.fields import Name, Strict
from ovext.project.read import read_model

if TYPE_CHECKING:
    from pathlib import Path


class BenchInput(Strict):
    element: ElementType
    shape: list[int]

    def tensor_type(self) -> TensorType:
        return TensorType(self.element, tuple(self.shape))


class Then(Strict):
    """Another op of OpenVINO, whose input is the output of the previous one."""

    type: Name
    opset: Name = "opset1"
    attributes: dict[str, str] = Field(default={}, description="As they stand in an IR.")


class Baseline(Then):
    """An op to compare with, which has the same inputs, and the ops that may follow it."""

    name: str
    own: bool = Field(default=False, description="Whether it is in the library built from `source`, not OpenVINO's.")
    then: list[Then] = Field(default=[], description="Ops of OpenVINO's after it, for what it has no single op for.")
    at_least: float | list[float] | None = Field(
        default=None, description="How many times as fast the measured op should be; a list has a value for each case."
    )

    def texts(self) -> list[OpText]:
        return [OpText(one.type, one.opset, one.attributes) for one in (self, *self.then)]


class Bench(Strict):
    """One op, the inputs to measure it with, and its baselines."""

    schema_version: int = Field(alias="schema", ge=1, le=1)
    op: Name
    attributes: dict[Name, AttributeValue] = Field(default={}, description="The op's, where not the default.")
    source: str | None = Field(default=None, description="The C++ file with the project's own baselines.")
    flags: list[str] = Field(default=[], description="What that file is compiled with; default nothing.")
    cases: list[list[BenchInput]] = Field(min_length=1)
    baselines: list[Baseline] = Field(min_length=1)


def case_text(inputs: list[BenchInput]) -> str:
    return " ".join(f"{'x'.join(map(str, tensor.shape))} {tensor.element}" for tensor in inputs)


def load_benches(project_root: Path) -> list[Bench]:
    """All benchmarks in the project's bench/*.toml, sorted by file name.

    Raises:
        ProjectError: there is none, or one is wrong.
    """
    files = sorted((project_root / "bench").glob("*.toml"))
    if not files:
        fix = "Describe in bench/bench.toml what to measure; docs/project.md says how."
        raise ProjectError("the project has no benchmark", where=project_root / "bench", fix=fix)
    benches = [read_model(file, (), Bench) for file in files]
    for file, bench in zip(files, benches, strict=True):
        for one in bench.baselines:
            if isinstance(one.at_least, list) and len(one.at_least) != len(bench.cases):
                problem = f"at_least of '{one.name}' has {len(one.at_least)} values for {len(bench.cases)} cases"
                raise ProjectError(problem, where=file)
    return benches
