"""Ops with optional inputs, with any number of tensors, and without inputs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from helpers import copy_project, need, run_ovext
from ovext.errors import ExitCode
from ovext.toolchain.opencl import INSTALL_RUNTIME, find_runtime
from proven import build

if TYPE_CHECKING:
    from pathlib import Path

    from helpers import Built

_FRAMEWORKS = ("onnx=my:OP", "pytorch=my::OP", "tensorflow=OP", "tensorflow_lite=OP", "paddle=OP", "jax=OP")
OPS = {
    "Affine": ["--input", "data:f32:N,C,...", "--input", "weight?:data:C", "--input", "bias?:data:C"],
    "Total": ["--input", "xs+:f32:..."],
    "Ramp": ["--input", "none", "--output", "out:f32:count", "--attribute", "count:int=4"],
}
AFFINE = """\
    const auto* from = static_cast<const float*>(data);
    const auto* scale = static_cast<const float*>(weight);
    const auto* shift = static_cast<const float*>(bias);
    for (std::size_t row = begin; row < end; ++row) {
        const std::size_t c = row % sizes.C;
        const float factor = scale == nullptr ? 1 : scale[c];
        const float plus = shift == nullptr ? 0 : shift[c];
        for (std::size_t i = row * sizes.rest; i < (row + 1) * sizes.rest; ++i) {
            static_cast<float*>(output)[i] = from[i] * factor + plus;
        }
    }
"""
TOTAL = """\
    for (std::size_t i = 0; i < sizes.output_size; ++i) {
        float sum = 0;
        for (std::size_t k = 0; k < xs.count; ++k) {
            sum += static_cast<const float*>(xs.data[k])[i];
        }
        static_cast<float*>(output)[i] = sum;
    }
"""
RAMP = """\
    for (std::size_t i = 0; i < out_size; ++i) {
        static_cast<float*>(out)[i] = static_cast<float>(i) / parameters.count;
    }
"""
REFERENCES = {
    "affine": """\
    shape = (1, -1, *[1] * (data.ndim - 2))
    scale = 1 if weight is None else weight.reshape(shape)
    return data * scale + (0 if bias is None else bias.reshape(shape))
""",
    "total": "    return sum(xs)\n",
    "ramp": "    return (np.arange(count) / count).astype(np.float32)\n",
}


@pytest.fixture(scope="module")
def various(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("inputs")
    for op, options in OPS.items():
        frameworks = (
            f"--framework={one.replace('OP', op)}" for one in (_FRAMEWORKS[:2] if op == "Ramp" else _FRAMEWORKS)
        )
        done = run_ovext("new", "various", "--op", op, *options, *frameworks, cwd=folder)
        assert done.returncode == 0, done.stderr
    ops = folder / "various" / "ops"
    for name, body in (("affine", AFFINE), ("total", TOTAL), ("ramp", RAMP)):
        kernel = (ops / name / "kernel.cpp").read_text()
        start, end = kernel.index("    auto* out"), kernel.index("}\n\n// The ")
        (ops / name / "kernel.cpp").write_text(kernel[:start] + body + kernel[end:])
        reference = (ops / name / "reference.py").read_text()
        end = reference.index("    # The computation")
        (ops / name / "reference.py").write_text(reference[:end] + REFERENCES[name])
    ramp = ops / "ramp" / "op.toml"
    ramp.write_text(ramp.read_text().replace("default = 4", "default = 4\nmin = 0\nmax = 300"))
    assert run_ovext("sync", folder / "various").returncode == 0
    return build(folder / "various")


def rows_of(built: Built, *options: str) -> list[dict[str, Any]]:
    done = run_ovext("test", built.project, "--library", built.library, "--isa", "sse42", "--json", *options)
    assert done.stdout, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)["rows"]
    return rows


def test_they_are_right_in_each_form_and_in_models_of_each_framework(various: Built) -> None:
    rows = rows_of(various)
    assert [one for one in rows if one["failures"]] == []
    assert {one["types"] for one in rows if one["check"] == "numbers"} == {
        "f32 without weight and bias",
        "f32 without bias",
        "f32",
        "f32 with 1 xs",
        "f32 with 2 xs",
        "f32 with 5 xs",
        "no inputs",
    }
    tried = {(one["op"], one["check"]): one["cases"] for one in rows}
    for framework in ("onnx", "pytorch", "tensorflow", "tensorflow_lite", "paddle"):
        assert tried["Affine", framework] == 3, framework
        assert tried["Total", framework] == 3, framework


POSITION = """\
    const size_t x = get_global_id(0), y = get_global_id(1);
    const size_t b = get_global_id(2) / OUTPUT0_DIMS[1], f = get_global_id(2) % OUTPUT0_DIMS[1];
#define AT(name) (b * name##_PITCHES[0] + f * name##_PITCHES[1] + y * name##_PITCHES[2] + x * name##_PITCHES[3])
"""
ON_GPU = {
    "affine": """\
__kernel void affine(const __global float* data, const __global float* w, const __global float* bias,
                     __global float* out) {
%s    out[AT(OUTPUT0)] = data[AT(INPUT0)] * w[f * INPUT1_PITCHES[0]] + bias[f * INPUT2_PITCHES[0]];
}
""",
    "total": """\
__kernel void total(const __global float* xs_0, const __global float* xs_1, const __global float* xs_2,
                    __global float* out) {
%s    out[AT(OUTPUT0)] = xs_0[AT(INPUT0)] + xs_1[AT(INPUT1)] + xs_2[AT(INPUT2)];
}
""",
}
TABLE = '\n[gpu]\nentry = "{name}"\nprecision = "f32"\nglobal = ["X", "Y", "B*F"]\n{inputs}'


@pytest.fixture
def on_gpu(various: Built, tmp_path: Path) -> Path:
    """A copy of the project whose ops have GPU kernels for all inputs, and for three."""
    project = copy_project(various.project, tmp_path / "various")
    for name, inputs in (("affine", ""), ("total", "inputs = 3\n")):
        folder = project / "ops" / name
        table = TABLE.format(name=name, inputs=inputs)
        (folder / "op.toml").write_text((folder / "op.toml").read_text() + table)
        (folder / "kernel.cl").write_text(ON_GPU[name] % POSITION)
    return project


def test_a_gpu_kernel_is_for_one_number_of_inputs(various: Built, on_gpu: Path) -> None:
    need(find_runtime() is not None, f"Intel's OpenCL runtime for CPUs. {INSTALL_RUNTIME}")
    assert run_ovext("gpu", "check", on_gpu, "--no-compile").returncode == 0
    done = run_ovext("gpu", "run", on_gpu, "--library", various.library, "--device", "sim", "--json")
    assert done.returncode == 0, done.stdout
    rows = json.loads(done.stdout)["rows"]
    assert [(row["op"], row["types"]) for row in rows] == [("Affine", "f32"), ("Total", "f32 with 3 xs")]
    assert all(row["cases"] > 5 for row in rows)


@pytest.mark.parametrize(
    ("name", "inputs", "text"),
    [
        ("total", "", "models on GPUs have a fixed number of inputs: say how many with `inputs = 2`"),
        ("affine", "inputs = 4", "the op has at most 3 inputs, not 4"),
        ("ramp", "", "does not support no inputs there"),
    ],
)
def test_a_layer_without_a_number_of_inputs_is_refused(
    name: str, inputs: str, text: str, various: Built, tmp_path: Path
) -> None:
    project = copy_project(various.project, tmp_path / "various")
    op = project / "ops" / name / "op.toml"
    op.write_text(op.read_text() + TABLE.format(name=name, inputs=inputs))
    done = run_ovext("gpu", "check", project, "--no-compile")
    assert done.returncode == ExitCode.PROJECT
    assert text in done.stderr


@pytest.mark.parametrize(
    ("op", "right", "wrong", "found"),
    [
        ("affine", "shift == nullptr ? 0 : shift[c]", "shift[c]", {"without weight and bias": "crash"}),
        ("total", "k < xs.count", "k < 2", {"with 1 xs": "crash", "with 5 xs": "numbers"}),
    ],
)
def test_a_kernel_that_is_right_in_some_forms_only_is_found(
    op: str, right: str, wrong: str, found: dict[str, str], various: Built
) -> None:
    """It leaves a wrong library behind, so that no other test may follow."""
    kernel = various.project / "ops" / op / "kernel.cpp"
    before = kernel.read_text()
    kernel.write_text(before.replace(right, wrong))
    try:
        built = build(various.project)
    finally:
        kernel.write_text(before)
    rows = rows_of(built, "--op", op.capitalize(), "--check", "numbers")
    failed = {one["types"].removeprefix("f32 "): one["failures"][0] for one in rows if one["failures"]}
    assert {form: failed[form]["check"] for form in found} == found
