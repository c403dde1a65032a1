"""`ovext bench` with models and functions to compare with, and with an earlier run."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from ovext.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from helpers import Built, Ovext

BENCH = """\
schema = 1
op = "CustomReLU"
flops = "1000"
bytes = "4000"
cases = [[{ element = "f32", shape = [2, 3, 8] }]]

[[baselines]]
name = "model"
model = "baselines.py:model"
at_least = 0.001

[[baselines]]
name = "numpy"
call = "baselines.py:in_numpy"

[[baselines]]
name = "another function"
call = "baselines.py:wrong"

[[baselines]]
name = "not there"
model = "missing.onnx"
at_least = 1.0

[[baselines]]
name = "broken"
call = "baselines.py:broken"
"""
FUNCTIONS = """\
import numpy as np
from openvino import opset13 as ops


def model(data, *, negative_slope):
    return ops.relu(data)


def in_numpy(data, *, negative_slope):
    return lambda: np.maximum(data, 0)


def wrong(data, *, negative_slope):
    return lambda: data + 1


def broken(data, *, negative_slope):
    raise ValueError("no such thing")
"""


@pytest.fixture(scope="module")
def measured(ovext: Ovext, built_relu: Built, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str, Path]:
    """A project with a benchmark, what a run says, and its table."""
    folder = tmp_path_factory.mktemp("bench")
    project = shutil.copytree(built_relu.project, folder / "relu")
    (project / "bench" / "bench.toml").write_text(BENCH)
    (project / "bench" / "baselines.py").write_text(FUNCTIONS)
    table = folder / "table.json"
    done = ovext("bench", project, "--library", built_relu.library, "--output", table)
    assert done.returncode == 0, done.stderr
    return project, done.stdout, done.stderr, table


def test_models_and_functions_are_measured(measured: tuple[Path, str, str, Path]) -> None:
    _, shown, _, table = measured
    [result] = json.loads(table.read_text())["results"]
    rows = {row["entry"]: row for row in result["rows"]}
    assert {"model", "numpy", "another function", "copy (roof)", "sse42"} <= {*rows}
    assert rows["sse42"]["gigaflops"] == pytest.approx(1 / rows["sse42"]["microseconds"], rel=1e-3)
    assert rows["numpy"]["gigabytes_per_second"] == pytest.approx(4 / rows["numpy"]["microseconds"], rel=1e-3)
    assert [one["baseline"] for one in result["targets"]] == ["model"]
    assert result["peak_gigaflops"] > 0
    assert "of roof" in shown
    assert "GFLOP/s" in shown


def test_a_baseline_that_fails_is_told_and_does_not_stop_the_others(measured: tuple[Path, str, str, Path]) -> None:
    project, _, said, _ = measured
    file = project / "bench" / "bench.toml"
    assert f"{file}: the baseline 'not there' is left out: " in said
    assert f"{file}: the baseline 'broken' is left out: no such thing" in said
    assert f"{file}: the baseline 'another function' computes something else: output 0 is off by" in said
    assert "'numpy'" not in said


def test_a_run_is_compared_with_an_earlier_one(
    measured: tuple[Path, str, str, Path], ovext: Ovext, built_relu: Built, tmp_path: Path
) -> None:
    project, _, _, table = measured
    data = json.loads(table.read_text())
    for factor, code, verdict in ((1e-6, ExitCode.FAILED, "slower"), (1e6, ExitCode.OK, "faster")):
        for row in data["results"][0]["rows"]:
            row["copies"] *= factor
        (tmp_path / "old.json").write_text(json.dumps(data))
        done = ovext("bench", project, "--library", built_relu.library, "--compare", tmp_path / "old.json")
        assert (done.returncode, verdict in done.stdout) == (code, True), done.stderr
        for row in data["results"][0]["rows"]:
            row["copies"] /= factor


def test_inputs_that_the_op_does_not_take_are_told(
    measured: tuple[Path, str, str, Path], ovext: Ovext, built_relu: Built
) -> None:
    project, *_ = measured
    file = project / "bench" / "bench.toml"
    file.write_text(BENCH.replace('"f32"', '"i64"'))
    done = ovext("bench", project, "--library", built_relu.library)
    assert (done.returncode, done.stderr.startswith(f"error: {file}: ")) == (ExitCode.PROJECT, True), done.stderr
    assert "no such element types" in done.stderr
