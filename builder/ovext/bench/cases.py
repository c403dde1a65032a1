"""bench/*.toml of a project: what to measure, and against what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from ovext.errors import ProjectError
from ovext.models.ir import OpText, TensorType
from ovext.project.attributes import AttributeValue, ElementType
from ovext.project.fields import Name, Strict
from ovext.project.read import read_model
from ovext.project.shapes import check_formula
from ovext.targets.isa import isa_table


class BenchInput(Strict):
    element: ElementType
    shape: list[int]
    values: Any = Field(default=None, description="The values, as lists in lists; default: drawn.")

    def tensor_type(self) -> TensorType:
        return TensorType(self.element, tuple(self.shape))


class Then(Strict):
    """Another op of OpenVINO, whose input is the output of the previous one."""

    type: Name
    opset: Name = "opset1"
    attributes: dict[str, str] = Field(default={}, description="As they stand in an IR.")


COPY, PEAK = "copy (roof)", "peak"


def _function(text: str) -> str:
    file, colon, name = text.partition(":")
    if text and not (colon and file.endswith(".py") and name.isidentifier()):
        raise ValueError(f"'{text}' names no function of a file, such as baselines.py:decomposition")
    return text


def _model(text: str) -> str:
    return text if text.endswith((".onnx", ".xml")) else _function(text)


class Baseline(Strict):
    """What to compare with on the same inputs: an op and those that may follow it, a model, or a function."""

    name: str
    type: Name | None = Field(default=None, description="The type of an op.")
    opset: Name = "opset1"
    attributes: dict[str, str] = Field(default={}, description="As they stand in an IR.")
    own: bool = Field(default=False, description="Whether it is in the library built from `source`, not OpenVINO's.")
    then: list[Then] = Field(default=[], description="Ops of OpenVINO's after it, for what it has no single op for.")
    model: Annotated[str, AfterValidator(_model)] = Field(
        default="",
        description="A file beside this one, ONNX or IR, or FILE.py:FUNCTION, which returns a model's outputs.",
    )
    call: Annotated[str, AfterValidator(_function)] = Field(
        default="", description="FILE.py:FUNCTION, which gets the inputs and returns the function to measure."
    )
    same: bool = Field(default=True, description="Whether a model or function should compute the same.")
    at_least: float | list[float] | None = Field(
        default=None, description="How many times as fast the measured op should be; a list has a value for each case."
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Baseline:
        if sum(map(bool, (self.type, self.model, self.call))) != 1:
            raise ValueError("a baseline has one of type, model and call")
        return self

    def texts(self) -> list[OpText]:
        """The chain of ops; empty for a model or a function."""
        if self.type is None:
            return []
        first = OpText(self.type, self.opset, self.attributes)
        return [first, *(OpText(one.type, one.opset, one.attributes) for one in self.then)]


def _formula(text: str) -> str:
    if text:
        check_formula(text)
    return text


Formula = Annotated[str, AfterValidator(_formula)]


class Bench(Strict):
    """One op, the inputs to measure it with, and its baselines."""

    _file: Path = PrivateAttr(default=Path())

    schema_version: int = Field(alias="schema", ge=1, le=1)
    op: Name
    attributes: dict[Name, AttributeValue] = Field(default={}, description="The op's, where not the default.")
    source: str | None = Field(default=None, description="The C++ file with the project's own baselines.")
    flags: list[str] = Field(default=[], description="What that file is compiled with; default nothing.")
    flops: Formula = Field(
        default="", description="Additions and multiplications in a call, such as N * Q * D * 2, of sizes in op.toml."
    )
    bytes: Formula = Field(default="", description="Bytes read and written in a call; default those of all tensors.")
    cases: list[list[BenchInput]] = Field(min_length=1)
    baselines: list[Baseline] = Field(default=[])

    @property
    def file(self) -> Path:
        return self._file

    def read_from(self, file: Path) -> Bench:
        """Record the file that it was read from. Returns itself."""
        self._file = file
        return self


def case_text(inputs: list[BenchInput]) -> str:
    return " ".join(f"{'x'.join(map(str, tensor.shape))} {tensor.element}" for tensor in inputs) or "no inputs"


def load_benches(project_root: Path) -> list[Bench]:
    """All benchmarks in the project's bench/*.toml, sorted by file name.

    Raises:
        ProjectError: there is none, or one is wrong.
    """
    files = sorted((project_root / "bench").glob("*.toml"))
    if not files:
        fix = "Describe in bench/bench.toml what to measure; docs/project.md says how."
        raise ProjectError("the project has no benchmark", where=project_root / "bench", fix=fix)
    benches = [read_model(file, (), Bench).read_from(file) for file in files]
    for bench in benches:
        names = [one.name for one in bench.baselines]
        for name in names:
            if names.count(name) > 1 or name in {*isa_table(), COPY, PEAK}:
                raise ProjectError(f"the name '{name}' of a baseline is taken", where=bench.file, fix="Choose another.")
        for one in bench.baselines:
            if isinstance(one.at_least, list) and len(one.at_least) != len(bench.cases):
                problem = f"at_least of '{one.name}' has {len(one.at_least)} values for {len(bench.cases)} cases"
                raise ProjectError(problem, where=bench.file)
    return benches
