"""`ovext gpu run`: the kernels of a project on the simulated device and on PoCL, right and wrong ones."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from helpers import Built, Ovext, copy_project
from ovext.build.layers import check_layers
from ovext.errors import ExitCode, GateError
from ovext.gpu.simulator import Simulator
from ovext.project import load_project
from ovext.targets.openvino_version import OpenVINOVersion


@pytest.fixture
def gpu_ops(built_gpu_ops: Built, tmp_path: Path) -> Path:
    """A copy of the built package with the op Halved alone, whose layer the test may change."""
    project = copy_project(built_gpu_ops.project, tmp_path / "gpu_ops")
    for other in ("blend", "kept"):
        shutil.rmtree(project / "ops" / other)
    return project


def run(ovext: Ovext, project: Path, *options: str | Path) -> tuple[int, dict[str, Any]]:
    done = ovext("gpu", "run", project, "--json", *options)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def failures(report: dict[str, Any]) -> list[str]:
    return [one["what"] for row in report["rows"] for one in row["failures"]]


def change_kernel(project: Path, old: str, new: str) -> None:
    kernel = project / "ops" / "halved" / "kernel.cl"
    assert old in kernel.read_text()
    kernel.write_text(kernel.read_text().replace(old, new, 1))


@pytest.mark.usefixtures("simulator")
def test_every_case_type_and_precision_agrees_on_the_plugin(built_gpu_ops: Built, ovext: Ovext) -> None:
    code, report = run(ovext, built_gpu_ops.project, "--library", built_gpu_ops.library, "--device", "sim")
    assert code == ExitCode.OK
    assert {row["device"] for row in report["rows"]} == {"simulated GPU"}
    assert {(row["op"], row["types"]) for row in report["rows"]} == {
        *(("Blend", types) for types in ("f32,f32", "f32,f32 as f16")),
        *(("Halved", types) for types in ("f32", "f32 as f16", "f16", "f16 as f32", "i32", "u8", "i64")),
        *(("Kept", types) for types in ("bf16 as f16", "bf16 as f32", "i8", "boolean", "u32", "f64")),
    }
    assert not list(built_gpu_ops.project.rglob("__pycache__")), "the project must stay as it was"
    assert all(row["is_fine"] and row["cases"] for row in report["rows"])


def test_a_gpu_is_used_before_anything_else(
    gpu_ops: Path, built_gpu_ops: Built, simulator: Simulator, ovext: Ovext
) -> None:
    """The simulated device takes the place of a GPU: OpenVINO sees it without the tool's help."""
    arguments: list[str | Path] = ["gpu", "run", gpu_ops, "--library", built_gpu_ops.library, "--json"]
    done = ovext(*arguments, cwd=None, **simulator.environment())
    rows = json.loads(done.stdout)["rows"]
    assert {row["device"] for row in rows} == {"GPU"}
    assert all(row["is_fine"] for row in rows)
    assert "GPU kernels run on the GPU " in done.stderr


@pytest.mark.usefixtures("simulator")
@pytest.mark.parametrize("memory_format", ["BFYX", "BYXF", "FYXB", "YXFB"])
def test_custom_relu_is_right_in_every_format(
    memory_format: str, custom_relu: Path, built_relu: Built, ovext: Ovext
) -> None:
    op = custom_relu / "ops" / "custom_relu" / "op.toml"
    buffers = ", ".join(f'{{ tensor = "{name}", format = "{memory_format}" }}' for name in ("data", "output"))
    op.write_text(
        op.read_text().replace('["data", "output"]', f"[{buffers}]").replace('["f32", "f16", "bf16"]', '["f32"]')
    )
    code, report = run(ovext, custom_relu, "--library", built_relu.library, "--device", "sim")
    assert code == ExitCode.OK
    each = 2 * 6 + 10
    assert [row["cases"] for row in report["rows"]] == [each, each], "those of op.toml in two models, and planned ones"


@pytest.mark.usefixtures("pocl")
def test_kernels_agree_on_pocl_the_one_for_vpus_too(built_gpu_ops: Built, ovext: Ovext) -> None:
    code, report = run(ovext, built_gpu_ops.project, "--device", "pocl")
    assert code == ExitCode.OK
    ran = {(row["op"], row["device"], row["types"]) for row in report["rows"] if row["cases"]}
    assert ran == {
        *(("Halved", "PoCL", types) for types in ("f32", "i32", "u8")),
        ("Kept", "PoCL", "i8"),
        *(("Blend", device, "f32,f32") for device in ("PoCL", "PoCL (VPU)")),
    }
    assert {row["types"] for row in report["rows"] if row["skipped"]} == {"f16"}


@pytest.mark.usefixtures("simulator")
def test_kernels_run_on_any_opencl_device(gpu_ops: Path, ovext: Ovext) -> None:
    code, report = run(ovext, gpu_ops, "--device", "opencl:intel(r) opencl")
    assert code == ExitCode.OK, failures(report)
    assert [row["types"] for row in report["rows"]] == ["i32", "f32", "f16", "u8"]
    assert all(row["cases"] for row in report["rows"])


@pytest.mark.usefixtures("simulator", "pocl")
@pytest.mark.parametrize("name", ["", "RTX"])
def test_an_opencl_device_that_is_not_here_is_told_with_those_that_are(name: str, gpu_ops: Path, ovext: Ovext) -> None:
    done = ovext("gpu", "run", gpu_ops, "--device", f"opencl:{name}")
    assert done.returncode == ExitCode.USAGE
    assert f"unknown OpenCL device '{name}'" in done.stderr
    assert "Portable Computing Language: " in done.stderr
    assert "Intel(R) OpenCL: " in done.stderr


@pytest.mark.usefixtures("simulator")
def test_a_failure_on_an_opencl_device_has_a_command_that_repeats_it(
    gpu_ops: Path, built_gpu_ops: Built, ovext: Ovext
) -> None:
    change_kernel(gpu_ops, "2 * x *", "x *")
    done = ovext("gpu", "run", gpu_ops, "--library", built_gpu_ops.library, "--device", "opencl:Intel(R) OpenCL")
    command = next(line for line in done.stdout.splitlines() if "--device" in line)
    assert "--device 'opencl:Intel(R) OpenCL'" in command
    again = ovext(*shlex.split(command.strip())[1:])
    assert "1 failed, 0 skipped" in again.stdout


SCRATCH = '[[gpu.scratch]]\nsize = "B * F * Y * X * INPUT0_DIMS[0] * 8 / INPUT0_DIMS[0]"\n'
STORE = "dst[b * OUTPUT0_PITCHES"


@pytest.mark.usefixtures("simulator", "pocl")
@pytest.mark.parametrize("device", ["sim", "pocl"])
@pytest.mark.parametrize("first", [False, True], ids=["last", "first"])
def test_a_kernel_has_scratch_memory(
    gpu_ops: Path, built_gpu_ops: Built, device: str, first: bool, ovext: Ovext
) -> None:
    op = gpu_ops / "ops" / "halved" / "op.toml"
    order = 'buffers = ["scratch", "data", "out"]\n' if first else ""
    op.write_text(op.read_text().replace("[test]", f"{order}{SCRATCH}\n[test]"))
    if first:
        change_kernel(gpu_ops, "(const", "(__global long* own, const")
    else:
        change_kernel(gpu_ops, ") {", ", __global long* own) {")
    index = "(get_global_id(2) * get_global_size(1) + y) * get_global_size(0) + x"
    change_kernel(gpu_ops, STORE, f"own[{index}] = 1;\n{STORE}")
    code, report = run(ovext, gpu_ops, "--library", built_gpu_ops.library, "--device", device)
    assert code == ExitCode.OK, failures(report)


def test_scratch_memory_is_refused_for_a_release_without_it(gpu_ops: Path) -> None:
    op = gpu_ops / "ops" / "halved" / "op.toml"
    op.write_text(op.read_text().replace("[test]", f"{SCRATCH}\n[test]"))
    change_kernel(gpu_ops, ") {", ", __global long* own) {")
    (gpu_ops / "CMakeLists.txt").write_text(
        (gpu_ops / "CMakeLists.txt").read_text().replace("blend halved kept", "halved")
    )
    project = load_project(gpu_ops)
    with pytest.raises(GateError, match=r"op.toml:20: OpenVINO 2026.2.1 has no scratch buffers. Build for 2026.3.0"):
        check_layers(project, print, OpenVINOVersion(2026, 2, 1))
    assert len(check_layers(project, print, OpenVINOVersion(2026, 3, 0))) == 1


@pytest.mark.usefixtures("simulator", "pocl")
@pytest.mark.parametrize("device", ["sim", "pocl"])
def test_a_kernel_that_expects_zeros_in_scratch_memory_fails(
    gpu_ops: Path, built_gpu_ops: Built, device: str, ovext: Ovext
) -> None:
    op = gpu_ops / "ops" / "halved" / "op.toml"
    op.write_text(op.read_text().replace("[test]", f"{SCRATCH}\n[test]"))
    change_kernel(gpu_ops, ") {", ", __global int* own) {")
    total = "(int)(get_global_size(0) * get_global_size(1) * get_global_size(2))"
    change_kernel(gpu_ops, STORE, f"if (atomic_add(own, 1) >= {total}) {{ dst[0] = 101; return; }}\n{STORE}")
    assert run(ovext, gpu_ops, "--library", built_gpu_ops.library, "--device", device)[0] == ExitCode.FAILED


@pytest.mark.usefixtures("simulator", "pocl")
@pytest.mark.parametrize("device", ["sim", "pocl"])
def test_wrong_numbers_are_told_with_their_size(gpu_ops: Path, built_gpu_ops: Built, device: str, ovext: Ovext) -> None:
    change_kernel(gpu_ops, "2 * x *", "x *")
    done = ovext("gpu", "run", gpu_ops, "--library", built_gpu_ops.library, "--device", device)
    assert done.returncode == ExitCode.FAILED
    name = {"sim": "simulated GPU", "pocl": "PoCL"}[device]
    assert f"✗ Halved: numbers i32 {name}\n    numbers: {name.split()[-1]}, output 0: " in done.stdout
    assert " of 72 elements wrong, the worst at [" in done.stdout
    assert "\n0 checks with " in done.stdout


@pytest.mark.usefixtures("pocl")
def test_types_that_no_kernel_gets_are_told(gpu_ops: Path, ovext: Ovext) -> None:
    op = gpu_ops / "ops" / "halved" / "op.toml"
    described = op.read_text()
    op.write_text(described.replace('["i32", "f32", "f16", "u8", "i64"]', '["f32", "bf16"]'))
    code, report = run(ovext, gpu_ops, "--device", "pocl")
    assert (code, [row["types"] for row in report["rows"]]) == (ExitCode.OK, ["f32"])
    op.write_text(described.replace('["i32", "f32", "f16", "u8", "i64"]', '["bf16"]'))
    done = ovext("gpu", "run", gpu_ops, "--device", "pocl")
    assert done.returncode == ExitCode.PROJECT
    assert "no op has a kernel for PoCL" in done.stderr


@pytest.mark.usefixtures("pocl")
def test_a_case_that_vpus_could_not_compute_is_skipped_there(built_gpu_ops: Built, ovext: Ovext) -> None:
    case = {"shapes": {"a": [2, 3, 5, 7], "b": [2, 3, 5, 7]}}
    options = ("--op", "Blend", "--device", "pocl", "--case", json.dumps(case), "--library", built_gpu_ops.library)
    done = ovext("test", built_gpu_ops.project, *options, "--json")
    assert done.returncode == ExitCode.OK, done.stderr
    skipped = {row["device"]: row["skipped"] for row in json.loads(done.stdout)["rows"]}
    assert skipped == {"PoCL": "", "PoCL (VPU)": "VPUs computed tensors of rank 4 and batch 1 only"}


@pytest.mark.usefixtures("pocl")
def test_the_printed_command_tries_the_failure_again(gpu_ops: Path, built_gpu_ops: Built, ovext: Ovext) -> None:
    change_kernel(gpu_ops, "2 * x *", "x *")
    done = ovext("gpu", "run", gpu_ops, "--library", built_gpu_ops.library, "--device", "pocl")
    command = shlex.split(next(line for line in done.stdout.splitlines() if line.strip().startswith("ovext test")))
    assert command[-2] == "--case"
    again = ovext(*command[1:])
    assert again.returncode == ExitCode.FAILED
    assert "1 failed, 0 skipped" in again.stdout
    case = {**json.loads(command[-1]), "parts": True}
    refused = ovext(*command[1:-1], json.dumps(case))
    assert refused.returncode == ExitCode.USAGE
    assert "cases on a GPU have no 'parts'" in refused.stderr


@pytest.mark.usefixtures("simulator", "pocl")
@pytest.mark.parametrize("device", ["sim", "pocl"])
def test_a_kernel_that_kills_the_process_is_told(
    gpu_ops: Path, built_gpu_ops: Built, device: str, ovext: Ovext
) -> None:
    change_kernel(gpu_ops, "    dst[b *", "    src = 0;\n    dst[b *")
    code, report = run(ovext, gpu_ops, "--library", built_gpu_ops.library, "--device", device)
    assert code == ExitCode.FAILED
    told = failures(report)
    phase = "inferring on the GPU" if device == "sim" else "running the kernel"
    assert told
    # In rare cases the runtime's own signal handler may hang; then the time limit ends the process.
    assert all(re.search(rf"(died \(killed by SIG\w+\)|hung, .*,) while {phase}", text) for text in told), told
    assert any("killed by SIG" in text for text in told)


@pytest.mark.usefixtures("simulator")
def test_a_layer_that_the_plugin_does_not_use_is_told(gpu_ops: Path, built_gpu_ops: Built, ovext: Ovext) -> None:
    """The type is spelled as in an IR: the plugin computes its own Relu, and does so correctly."""
    op = gpu_ops / "ops" / "halved"
    text = op.joinpath("op.toml").read_text().replace('"Halved"', '"ReLU"').replace('"gpu_ops"', '"opset1"')
    shape = 'shape = ["N", "C", "(H + 1) // 2", "(W + 1) // 2"]'
    op.joinpath("op.toml").write_text(
        text.replace(shape, 'shape = "data"').replace('"i32", ', "").replace(', "u8", "i64"', "")
    )
    op.joinpath("reference.py").write_text("def halved(data):\n    return data * (data > 0)\n")
    code, report = run(ovext, gpu_ops, "--library", built_gpu_ops.library, "--device", "sim")
    assert code == ExitCode.FAILED
    assert set(failures(report)) == {"something other than the layer's kernel computed the op"}


@pytest.mark.usefixtures("simulator")
def test_a_kernel_that_hangs_is_told(gpu_ops: Path, built_gpu_ops: Built, ovext: Ovext) -> None:
    op = gpu_ops / "ops" / "halved" / "op.toml"
    op.write_text(op.read_text().replace('["i32", "f32", "f16", "u8", "i64"]', '["i32"]'))
    change_kernel(gpu_ops, "    dst[b *", "    while (1) dst[0] += src[0];\n    dst[b *")
    _, report = run(ovext, gpu_ops, "--library", built_gpu_ops.library, "--device", "sim", "--timeout", "15")
    (told,) = failures(report)
    limit = re.fullmatch(r"the process hung, and was ended after (\S+) s, while inferring on the GPU", told)
    assert limit is not None, told
    assert float(limit[1]) > 15, "a slow start extends the limit"


@pytest.mark.usefixtures("simulator")
def test_a_kernel_that_does_not_compile_leads_to_the_check(gpu_ops: Path, built_gpu_ops: Built, ovext: Ovext) -> None:
    change_kernel(gpu_ops, "dst[b *", "dst[bb *")
    done = ovext("gpu", "run", gpu_ops, "--library", built_gpu_ops.library, "--device", "sim")
    assert done.returncode == ExitCode.FAILED
    assert "the kernel does not compile: `ovext gpu check` shows what compilers say of it" in done.stdout
    assert "Exception from src" not in done.stdout


@pytest.mark.usefixtures("simulator")
def test_a_failing_reference_is_told(gpu_ops: Path, built_gpu_ops: Built, ovext: Ovext) -> None:
    reference = gpu_ops / "ops" / "halved" / "reference.py"
    reference.write_text(reference.read_text().replace("def halved", "def half"))
    code, report = run(ovext, gpu_ops, "--library", built_gpu_ops.library, "--device", "sim")
    assert (code, len(failures(report))) == (ExitCode.FAILED, 7)
    assert all("there is no function 'halved'" in text for text in failures(report))
    reference.write_text("def halved(data):\n    return data[1] + 'a'\n")
    code, report = run(ovext, gpu_ops, "--library", built_gpu_ops.library, "--device", "sim")
    assert (code, len(failures(report))) == (ExitCode.FAILED, 7)
    assert all(text.startswith(f"{reference}:2: the reference fails: ") for text in failures(report))


@pytest.mark.usefixtures("simulator")
def test_a_shape_that_the_op_does_not_have_is_told(gpu_ops: Path, built_gpu_ops: Built, ovext: Ovext) -> None:
    op = gpu_ops / "ops" / "halved" / "op.toml"
    op.write_text(op.read_text().replace("(W + 1) // 2", "(W + 3) // 2"))
    _, report = run(ovext, gpu_ops, "--library", built_gpu_ops.library, "--device", "sim")
    told = "the rule in op.toml, output 0: the shape is [2, 3, 3, 4] by the reference, and [2, 3, 3, 5] by the rule"
    assert set(failures(report)) == {told}


@pytest.mark.usefixtures("pocl")
def test_what_a_kernel_leaves_out_is_wrong_even_where_nothing_is_expected(gpu_ops: Path, ovext: Ovext) -> None:
    op = gpu_ops / "ops" / "halved" / "op.toml"
    op.write_text(op.read_text().replace('"B*F"', '"F"').replace("[0, 100]", "[0, 0]"))
    code, report = run(ovext, gpu_ops, "--device", "pocl")
    assert code == ExitCode.FAILED
    assert len(failures(report)) == 3
    assert all(": 36 of 72 elements wrong" in text for text in failures(report))


@pytest.mark.usefixtures("pocl")
def test_an_op_without_cases_is_run_with_shapes_that_fit_it(gpu_ops: Path, ovext: Ovext) -> None:
    op = gpu_ops / "ops" / "halved" / "op.toml"
    op.write_text(op.read_text().partition("[[test.cases]]")[0])
    code, report = run(ovext, gpu_ops, "--device", "pocl")
    assert code == ExitCode.OK
    assert {row["types"]: row["cases"] for row in report["rows"] if not row["skipped"]} == {"f32": 6, "i32": 6, "u8": 6}


def test_device_that_does_not_exist_is_told(gpu_ops: Path, built_gpu_ops: Built, ovext: Ovext) -> None:
    done = ovext("gpu", "run", gpu_ops, "--library", built_gpu_ops.library, "--device", "gpu")
    assert done.returncode == ExitCode.USAGE
    assert "unknown device 'gpu' (did you mean 'GPU'?)" in done.stderr


@pytest.mark.skipif(Path("/dev/dri").exists(), reason="there may be a GPU here")
def test_no_gpu_is_told(gpu_ops: Path, built_gpu_ops: Built, ovext: Ovext) -> None:
    done = ovext("gpu", "run", gpu_ops, "--library", built_gpu_ops.library, "--device", "GPU")
    assert done.returncode == ExitCode.TOOL
    assert "OpenVINO sees no GPU here" in done.stderr


@pytest.mark.usefixtures("simulator")
def test_library_that_was_not_built_is_told(gpu_ops: Path, tmp_path: Path, ovext: Ovext) -> None:
    done = ovext("gpu", "run", gpu_ops, "--device", "sim", cwd=tmp_path)
    assert done.returncode == ExitCode.LIBRARY
    assert "there is no extension library with Halved\nBuild one with `ovext build`" in done.stderr


def test_layer_that_would_fail_is_not_published(gpu_ops: Path, tmp_path: Path, ovext: Ovext) -> None:
    op = gpu_ops / "ops" / "halved" / "op.toml"
    op.write_text(op.read_text().replace('"X", "Y", "B*F"', '"X", "Y", "B*F/0"'))
    (gpu_ops / "CMakeLists.txt").write_text((gpu_ops / "CMakeLists.txt").read_text().replace("blend halved", "halved"))
    done = ovext("build", gpu_ops, cwd=tmp_path)
    assert done.returncode == ExitCode.FAILED
    line = 1 + op.read_text()[: op.read_text().index("global =")].count("\n")
    assert f"{op}:{line}: 'B*F/0' divides by zero" in done.stderr
    assert not (tmp_path / "lib" / "ubuntu" / "manifest.json").exists()
    assert "Building" not in done.stderr, "it is found before anything is compiled"
