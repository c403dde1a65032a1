"""`ovext test` finds wrong kernels for GPUs, without test cases in op.toml."""

from __future__ import annotations

import pytest

from helpers import Built, Ovext, run_ovext
from ovext.errors import ExitCode
from proven import build, rows_of

_WRITE = "output[to] = data[from];"
# What replaces the last line of the kernel, or another part of it.
_MISTAKES = {
    "wrong_from_y_8_on": (_WRITE, "output[to] = y >= 8 ? 0 : data[from];"),
    "wrong_from_batch_2_on": (_WRITE, "output[to] = b >= 2 ? 0 : data[from];"),
    "wrong_at_the_end_of_a_work_group": (_WRITE, "output[to] = x % 16 == 15 ? 0 : data[from];"),
    "leaves_the_remainder": (_WRITE, "if (x < OUTPUT0_DIMS[3] / 4 * 4) output[to] = data[from];"),
    "leaves_the_last_feature": (_WRITE, "if (f + 1 < OUTPUT0_DIMS[1] || f == 0) output[to] = data[from];"),
    "swaps_pitches": ("b * INPUT0_PITCHES[0]", "b * INPUT0_PITCHES[1] * OUTPUT0_DIMS[1]"),
}


@pytest.fixture(scope="module")
def plus(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("plus")
    done = run_ovext("new", "plus", "--op", "Plus", "--input", "data:f32", "--gpu", cwd=folder)
    assert done.returncode == 0, done.stderr
    return build(folder / "plus", options=["--isa", "sse42"])


@pytest.mark.usefixtures("simulator")
def test_what_new_writes_passes(ovext: Ovext, plus: Built) -> None:
    """An op of f32 alone, which the plugin runs as f16 by default."""
    rows, code = rows_of(ovext, plus, "--device", "sim")
    assert code == 0
    assert {row["types"] for row in rows} == {"f32", "f32 as f16"}
    assert sum(row["cases"] for row in rows) >= 20


@pytest.mark.usefixtures("simulator")
@pytest.mark.parametrize("mistake", _MISTAKES)
def test_a_wrong_kernel_is_found(ovext: Ovext, plus: Built, mistake: str) -> None:
    kernel = plus.project / "ops" / "plus" / "kernel.cl"
    right = kernel.read_text()
    old, new = _MISTAKES[mistake]
    assert old in right
    try:
        kernel.write_text(right.replace(old, new))
        rows, code = rows_of(ovext, plus, "--device", "sim", "--types", "f32")
    finally:
        kernel.write_text(right)
    assert code == ExitCode.FAILED
    assert [one["check"] for row in rows for one in row["failures"]] == ["numbers"]


@pytest.mark.usefixtures("simulator")
def test_a_kernel_for_f32_only_runs_in_that_precision(ovext: Ovext, plus: Built) -> None:
    op = plus.project / "ops" / "plus" / "op.toml"
    text = op.read_text()
    try:
        op.write_text(text + 'precision = "f32"\n')
        rows, code = rows_of(ovext, plus, "--device", "sim")
    finally:
        op.write_text(text)
    assert (code, [row["types"] for row in rows]) == (0, ["f32"])
