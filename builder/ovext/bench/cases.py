"""bench/bench.toml of a project: what to measure, and against what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from ovext.models.ir import TensorType
from ovext.project.attributes import ElementType
from ovext.project.load import read_model
from ovext.project.strict import Name, Strict

if TYPE_CHECKING:
    from pathlib import Path


class BenchInput(Strict):
    element: ElementType
    shape: list[int]

    def tensor_type(self) -> TensorType:
        return TensorType(self.element, tuple(self.shape))


class Baseline(Strict):
    """An op to compare with; it takes the same inputs."""

    name: str
    type: Name
    opset: Name = "opset1"
    own: bool = Field(default=False, description="Whether it is in the library built from `source`, not OpenVINO's.")
    at_least: float | None = Field(default=None, description="How many times as fast the measured op should be.")


class Bench(Strict):
    """One op, the inputs to measure it with, and its baselines."""

    schema_version: int = Field(alias="schema", ge=1, le=1)
    op: Name
    source: str | None = Field(default=None, description="The C++ file with the project's own baselines.")
    cases: list[list[BenchInput]] = Field(min_length=1)
    baselines: list[Baseline] = Field(min_length=1)


def load_bench(project_root: Path) -> Bench:
    """The project's bench/bench.toml.

    Raises:
        ProjectError: it is missing or wrong.
    """
    return read_model(project_root / "bench" / "bench.toml", (), Bench)
