"""`ovext test` finds wrong kernels for GPUs, without test cases in op.toml."""

from __future__ import annotations

import pytest

from helpers import Built, Ovext, run_ovext
from ovext.errors import ExitCode
from ovext.gpu.from_op import layer_of
from ovext.project import load_project
from ovext.proof.gpu_setting import PluginSetting
from ovext.proof.trial import Trial
from ovext.targets.openvino_version import OpenVINOVersion
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


@pytest.fixture(scope="module")
def constants(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """An op with an output of 1s and a larger one of 2s, instead of the 0s that `ovext new` writes."""
    folder = tmp_path_factory.mktemp("constants")
    outputs = ["--output", "ones:a:N,C", "--output", "twos:a:N+2,C"]
    command = ["new", "constants", "--op", "Constants", "--input", "a:f32:N,C", "--input", "b:a:N,C", *outputs, "--gpu"]
    done = run_ovext(*command, cwd=folder)
    assert done.returncode == 0, done.stderr
    op = folder / "constants" / "ops" / "constants"
    for name, old, new in (
        ("kernel.cpp", "ones_memory[i] = Out0Type::store({})", "ones_memory[i] = Out0Type::store(1)"),
        ("kernel.cpp", "twos_memory[i] = Out1Type::store({})", "twos_memory[i] = Out1Type::store(2)"),
        ("reference.py", "np.zeros((N, C), a.dtype)", "np.full((N, C), 1, a.dtype)"),
        ("reference.py", "np.zeros((N+2, C), a.dtype)", "np.full((N+2, C), 2, a.dtype)"),
        ("kernel.cl", "x * OUTPUT0_PITCHES[3]] = 0;", "x * OUTPUT0_PITCHES[3]] = 1;"),
        ("kernel.cl", "OUTPUT1_PITCHES[3]] = 0;", "OUTPUT1_PITCHES[3]] = 2;"),
    ):
        text = (op / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, (name, old)
        (op / name).write_text(text.replace(old, new), encoding="utf-8")
    return build(folder / "constants", options=["--isa", "sse42"])


@pytest.mark.usefixtures("simulator")
def test_several_outputs_are_computed_in_dynamic_models(ovext: Ovext, constants: Built) -> None:
    rows, code = rows_of(ovext, constants, "--device", "sim")
    assert code == 0, rows
    assert all(row["cases"] >= 10 for row in rows)
    kernel = constants.project / "ops" / "constants" / "kernel.cl"
    right = kernel.read_text(encoding="utf-8")
    try:
        kernel.write_text(right.replace("i < count1", "i + 1 < count1"), encoding="utf-8")
        rows, code = rows_of(ovext, constants, "--device", "sim", "--types", "f32")
        (failure,) = [one for row in rows for one in row["failures"]]
        assert "GPU, output 1: " in failure["what"]
        again, _ = rows_of(ovext, constants, "--case", failure["options"][-1], "--device", "sim", "--types", "f32")
    finally:
        kernel.write_text(right, encoding="utf-8")
    assert '"before"' in failure["options"][-1]
    (repeated,) = [one["what"] for row in again for one in row["failures"]]
    assert repeated.partition(" elements wrong")[0] == failure["what"].partition(" elements wrong")[0]


def test_a_release_that_cannot_compute_it_is_named(constants: Built) -> None:
    (op,) = load_project(constants.project).ops
    layer = layer_of(op)
    assert layer is not None
    shapes: dict[str, tuple[int, ...]] = {"a": (2, 3), "b": (2, 3)}
    dynamic = Trial(shapes, before=shapes)
    told = {
        release: PluginSetting(op, ("f32", "f32"), layer, "f32", OpenVINOVersion.parse(release)).obstacle(dynamic)
        for release in ("2025.4.1", "2026.0.0")
    }
    assert told == {"2025.4.1": "the GPU plugin of OpenVINO before 2026.0.0 computes one output only", "2026.0.0": ""}


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
