"""What a benchmark may compare with, and comparing two runs of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from ovext.bench.benchmark import BenchResult, Measurement
from ovext.bench.cases import Baseline
from ovext.bench.compare import SCHEMA, changes_since, earlier_run
from ovext.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "one of type, model and call"),
        ({"type": "ReLU", "model": "m.xml"}, "one of type, model and call"),
        ({"call": "m.onnx"}, "names no function of a file"),
        ({"model": "m.py"}, "names no function of a file"),
        ({"model": "m.py:no name"}, "names no function of a file"),
    ],
)
def test_a_baseline_is_an_op_or_a_model_or_a_function(given: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Baseline.model_validate({"name": "b", **given})


@pytest.mark.parametrize("given", [{"type": "ReLU"}, {"model": "m.onnx"}, {"model": "m.py:f"}, {"call": "m.py:f"}])
def test_each_kind_of_baseline_is_taken(given: dict[str, str]) -> None:
    baseline = Baseline.model_validate({"name": "b", **given})
    assert bool(baseline.texts()) == ("type" in given)


def result(copies: float, noise: float, entry: str = "avx2") -> BenchResult:
    row = Measurement("2x3 f32", entry, 1.0, 1.0, None, 1.0, copies, noise, {})
    return BenchResult("T", ("sse42", "avx2"), None, (row,), ())


def written(folder: Path, data: Any) -> Path:
    file = folder / "old.json"
    file.write_text(data if isinstance(data, str) else json.dumps(data))
    return file


@pytest.mark.parametrize(("copies", "is_worse"), [(2.0, False), (2.4, False), (2.9, True), (1.0, False)])
def test_a_variant_is_worse_if_it_is_slower_beyond_the_noise_of_both_runs(
    copies: float, *, is_worse: bool, tmp_path: Path
) -> None:
    old = written(tmp_path, {"schema": SCHEMA, "results": [result(2.0, 0.1).to_json()]})
    (change,) = changes_since(earlier_run(old), [result(copies, 0.15)])
    assert change.times_as_fast == pytest.approx(2.0 / copies)
    assert change.noise == pytest.approx(0.25)
    assert change.is_worse == is_worse


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("no json", "is no output of `ovext bench`"),
        ({"schema": SCHEMA}, "is no output of `ovext bench`"),
        ({"schema": 2, "results": []}, f"has schema 2, not {SCHEMA}"),
        ({"schema": SCHEMA, "results": []}, "has no measurement of the same op"),
        ({"schema": SCHEMA, "results": [result(1, 0, "a baseline").to_json()]}, "has no measurement of the same op"),
    ],
)
def test_a_file_that_says_nothing_about_the_run_is_refused(data: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        changes_since(earlier_run(written(tmp_path, data)), [result(1.0, 0.1)])
