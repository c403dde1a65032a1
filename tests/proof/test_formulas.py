"""Ops that are one formula in op.toml: kernels for CPUs and GPUs and the reference follow from it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from helpers import copy_project, run_ovext
from ovext.errors import ExitCode
from proven import build

if TYPE_CHECKING:
    from pathlib import Path

    from helpers import Built

# Every function that formulas may use.
FIRST = (
    "where(x <= y, exp(min(x, 2)) + expm1(y / 4), exp2(x)) + log(abs(x) + 1) + log1p(abs(y)) + log2(max(y, 0.5)) "
    "+ tanh(x) * sigmoid(beta * y)"
)
SECOND = "softplus(x) - erf(x) + gelu(x) + sin(x) * cos(x) + sqrt(abs(x)) + rsqrt(abs(x) + 1) + pow(abs(x) + 1, 1.5)"
RANGES = "\n[test]\nranges = { x = [-3, 3] }\n"


@pytest.fixture(scope="module")
def formulas(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("formulas")
    two = ["--input", "x:f32,f16", "--input", "y:x", "--output", "out:x:broadcast", "--attribute", "beta:float=0.5"]
    for op, options in (
        ("First", [*two, "--elementwise", FIRST]),
        ("Second", ["--input", "x:f32", "--elementwise", SECOND]),
    ):
        done = run_ovext("new", "formulas", "--op", op, *options, "--gpu", cwd=folder)
        assert done.returncode == 0, done.stderr
        assert "Nothing is left to write" in done.stdout + done.stderr
        with (folder / "formulas" / "ops" / op.lower() / "op.toml").open("a") as file:
            file.write(RANGES)
    return build(folder / "formulas")


def test_they_are_right_without_a_line_of_code(formulas: Built) -> None:
    done = run_ovext("test", formulas.project, "--library", formulas.library, "--isa", "sse42", "--json")
    rows = json.loads(done.stdout)["rows"]
    assert (done.returncode, [one["failures"] for one in rows if one["failures"]]) == (0, [])
    numbers = [one for one in rows if one["check"] == "numbers" and not one["skipped"]]
    assert {one["op"] for one in numbers if one["device"] == "CPU"} == {"First", "Second"}


@pytest.mark.parametrize(
    ("function", "told"),
    [
        ("numpy.sinh", ""),
        ("numpy.cosh", "the reference differs from numpy.cosh with {} for {"),
        ("numpy.no_such_function", "there is no numpy.no_such_function"),
        ("numpy.linalg.inv", "numpy.linalg.inv fails: LinAlgError"),
        ("no_such_package.sinh", "skipped"),
    ],
)
def test_a_function_that_computes_the_same_is_compared(
    formulas: Built, tmp_path: Path, function: str, told: str
) -> None:
    """The library is not asked: this is about the reference."""
    project = copy_project(formulas.project, tmp_path / "formulas")
    op = project / "ops" / "second"
    text = (op / "op.toml").read_text().replace(SECOND, "(exp(x) - exp(-x)) / 2")
    (op / "op.toml").write_text(f'{text}same_as = "{function}"\n')
    assert run_ovext("sync", project).returncode == 0
    options = ["--op", "Second", "--isa", "sse42", "--check", "same_as", "--json"]
    done = run_ovext("test", project, "--library", formulas.library, *options)
    (row,) = json.loads(done.stdout)["rows"]
    said = [one["what"] for one in row["failures"]] + (["skipped"] if row["skipped"] else [])
    assert [told in one for one in said] == ([True] if told else []), said


def test_a_changed_formula_is_written_into_its_files(formulas: Built, tmp_path: Path) -> None:
    project = copy_project(formulas.project, tmp_path / "formulas")
    op = project / "ops" / "second"
    text = (op / "op.toml").read_text()
    (op / "op.toml").write_text(text.replace(SECOND, "x * 3"))
    done = run_ovext("build", project, cwd=tmp_path)
    assert done.returncode == ExitCode.PROJECT
    assert "kernel.cpp and reference.py and kernel.cl are not what op.toml says" in done.stderr
    assert run_ovext("sync", project).returncode == 0
    assert "return (x_tensor * T(3.0));" in (op / "kernel.cpp").read_text()
    assert "return x * 3.0" in (op / "reference.py").read_text().replace("(x * 3.0)", "x * 3.0")
    assert "(x_tensor_element * 3.0f)" in (op / "kernel.cl").read_text()
    assert "It computes `x * 3` for each element." in (op / "README.md").read_text()


def test_without_the_line_the_files_are_the_authors(formulas: Built, tmp_path: Path) -> None:
    project = copy_project(formulas.project, tmp_path / "formulas")
    op = project / "ops" / "first"
    before = (op / "kernel.cpp").read_text()
    text = (op / "op.toml").read_text()
    (op / "op.toml").write_text("".join(line for line in text.splitlines(True) if not line.startswith("elementwise")))
    assert run_ovext("sync", project).returncode == 0
    assert (op / "kernel.cpp").read_text() == before.partition("\n")[2]
    assert all("Derived" not in (op / name).read_text() for name in ("kernel.hpp", "kernel.cl", "reference.py"))
    mine = (op / "kernel.cpp").read_text().replace("return (", "return 2 * (", 1)
    (op / "kernel.cpp").write_text(mine)
    assert run_ovext("sync", project).returncode == 0
    assert (op / "kernel.cpp").read_text() == mine
