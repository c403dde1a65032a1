"""Variants on CPUs that this machine does not have."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from helpers import CUSTOM_RELU, OPENVINO, RUNNABLE, Built, Ovext, compile_all, copy_project, need
from ovext.errors import ExitCode, ToolError
from ovext.models.ir import TensorType, one_op_model
from ovext.project import load_project
from ovext.proof import cpus
from ovext.proof.request import ProofRequest
from ovext.targets.cpus import CPU_MODELS
from ovext.targets.isa import host_cpuinfo_flags, isa_table
from ovext.toolchain.emulators import QEMU, emulator_settings, has_emulator
from ovext.toolchain.openvino import read_openvino

OPSET = load_project(CUSTOM_RELU).ops[0].opset
WIDEST = [*CPU_MODELS.values()][-1]
START = "    const float slope = parameters.negative_slope;\n"
# What a variant executes that its row of the table does not have, and what is found.
LEAKS = {
    "sse42": ("vpaddd %%ymm0, %%ymm0, %%ymm0", "AVX2"),
    "avx512f": ("vpaddb %%zmm0, %%zmm0, %%zmm0", "AVX512BW"),
}


def proof_of(project: Path, library: Path, *options: str) -> list[str | Path]:
    """The command that proves a project in a library."""
    return ["test", project, "--library", library, *options]


@pytest.mark.parametrize("variant", isa_table())
def test_each_variant_is_executed(ovext: Ovext, built_relu: Built, variant: str) -> None:
    """The summary of the run counts on this: a CPU with AVX-512 is emulated everywhere."""
    need(has_emulator(), "bochscpu")
    command = proof_of(built_relu.project, built_relu.library, "--isa", variant, "--cpu", WIDEST.name)
    done = ovext(*command, "--examples", "60", "--require", "all")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == f"1 of 1 variants executed: {variant} (CPU {WIDEST.name})"


def digests(library: Path, variant: str, *, emulated: bool) -> list[str]:
    """Of what CustomReLU computes in each element type, for tensors with and without remainders."""
    env = {**os.environ, "OVEXT_ISA": variant}
    settings = None
    if emulated:
        settings = emulator_settings(WIDEST, read_openvino(OPENVINO / "cmake"), 10**10, print)
        env |= WIDEST.emulator_environment()
    models = [
        one_op_model("CustomReLU", OPSET, [TensorType(element, (size,))], {"negative_slope": slope})
        for element in ("f32", "f16", "bf16")
        for size in (13, 67, 100_003)
        for slope in ("0", "0.3")
    ]
    asked = {"library": str(library), "type": "CustomReLU", "models": models, "emulator": settings}
    script = Path(__file__).parents[1] / "emulated_values.py"
    done = subprocess.run(
        [sys.executable, script], input=json.dumps(asked), env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_an_emulated_cpu_computes_the_same_bytes(built_relu: Built) -> None:
    """As this CPU with the same variant where it can run it, and as this CPU with another one."""
    need(has_emulator(), "bochscpu")
    truth = digests(built_relu.library, RUNNABLE[-1], emulated=False)
    assert len(set(truth)) == len(truth)
    for variant in isa_table():
        assert digests(built_relu.library, variant, emulated=True) == truth


@pytest.fixture(scope="session")
def leaking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """CustomReLU with LEAKS, which plain CMake does not look for."""
    folder = tmp_path_factory.mktemp("leaking")
    project = copy_project(CUSTOM_RELU, folder / "custom_relu")
    kernel = project / "ops" / "custom_relu" / "kernel.cpp"
    text = kernel.read_text(encoding="utf-8")
    assert text.count(START) == 1
    wide, narrow = (f'    __asm__ volatile("{LEAKS[one][0]}" ::: "xmm0");\n' for one in ("avx512f", "sse42"))
    kernel.write_text(text.replace(START, f"#ifdef __AVX512F__\n{wide}#else\n{narrow}#endif\n{START}"))
    compile_all(project, folder / "build", "-DOVEXT_ISA=multi")
    return folder / "build" / "libcustom_relu_cpu_extension.so"


@pytest.mark.parametrize("variant", LEAKS)
def test_instructions_outside_of_the_row_are_found_as_they_are_executed(
    ovext: Ovext, leaking: Path, variant: str
) -> None:
    need(has_emulator(), "bochscpu")
    command = proof_of(CUSTOM_RELU, leaking, "--isa", variant, "--cpu", WIDEST.name, "--types", "f32")
    done = ovext(*command, "--examples", "3")
    assert done.returncode == ExitCode.FAILED
    instruction, feature = LEAKS[variant]
    assert f"instructions: {variant} has executed '{instruction.split()[0]}" in done.stdout
    assert f"of {leaking.name}, which needs {feature}" in done.stdout


@pytest.fixture(scope="session")
def path_without_qemu(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH with a compiler and a shell, and not much more."""
    folder = tmp_path_factory.mktemp("bin")
    for name in ("g++", "as", "ld", "nm", "sh"):
        (folder / name).symlink_to(str(shutil.which(name)))
    return f"{Path(sys.executable).parent}:{folder}"


def test_an_instruction_that_the_cpu_lacks_is_named(ovext: Ovext, leaking: Path, path_without_qemu: str) -> None:
    need(has_emulator(), "bochscpu")
    command = proof_of(CUSTOM_RELU, leaking, "--isa", "sse42", "--cpu", "nehalem", "--types", "f32")
    done = ovext(*command, "--examples", "3", PATH=path_without_qemu)
    assert done.returncode == ExitCode.FAILED
    assert "nehalem is emulated: bochscpu" in done.stderr
    assert "nehalem cannot execute 'vpaddd ymm0,ymm0,ymm0' at 0x" in done.stdout
    assert "(killed by SIGILL)" in done.stdout


@pytest.mark.parametrize("cpu", ["nehalem", "haswell"])
def test_bochscpu_emulates_older_cpus_too(ovext: Ovext, built_relu: Built, cpu: str, path_without_qemu: str) -> None:
    need(has_emulator(), "bochscpu")
    command = proof_of(built_relu.project, built_relu.library, "--cpu", cpu, "--types", "f32")
    done = ovext(*command, "--examples", "10", PATH=path_without_qemu)
    assert done.returncode == 0, done.stdout + done.stderr
    variants = ["sse42", "avx2"][: 1 + (cpu == "haswell")]
    told = ", ".join(f"{one} (CPU {cpu})" for one in variants)
    assert done.stdout.splitlines()[-1] == f"{len(variants)} of 3 variants executed: {told}"


def test_the_whole_proof_runs_under_qemu(ovext: Ovext, built_relu: Built) -> None:
    need(shutil.which(QEMU) is not None, "qemu-user")
    command = proof_of(built_relu.project, built_relu.library, "--cpu", "nehalem", "--types", "f32")
    done = ovext(*command, "--examples", "3")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"nehalem is emulated: {QEMU} -cpu Nehalem" in done.stderr
    for check in ("attributes", "refusals", "requests", "unloading"):
        assert f"✓ {check:15} sse42                   CPU nehalem" in done.stdout


def test_a_command_is_put_before_the_worker(
    ovext: Ovext, built_relu: Built, tmp_path: Path, path_without_qemu: str
) -> None:
    """Intel SDE is found in SDE_HOME; here it is a script that records how it is called."""
    sde = tmp_path / "kit" / "sde64"
    sde.parent.mkdir()
    sde.write_text(f'#!/bin/sh\necho "$1 $2" >> {tmp_path}/called\nshift 2\nexec "$@"\n')
    sde.chmod(0o755)
    command = proof_of(built_relu.project, built_relu.library, "--cpu", "haswell", "--isa", "sse42")
    command += ["--types", "f32", "--check", "numbers", "--examples", "3"]
    done = ovext(*command, PATH=path_without_qemu, SDE_HOME=str(sde.parent))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"haswell is emulated: {sde} -hsw --" in done.stderr
    done = ovext(*command, "--run-under", f"{sde} -other --")
    assert f"haswell is emulated: {sde} -other --" in done.stderr
    assert "sse42    f32            CPU under sde64" in done.stdout, "only the user knows which CPU that emulates"
    assert (tmp_path / "called").read_text() == "-hsw --\n" * 2 + "-other --\n" * 2


def test_a_required_variant_that_nothing_runs_is_a_failure(ovext: Ovext, built_relu: Built) -> None:
    need(shutil.which(QEMU) is not None, "qemu-user")
    command = proof_of(built_relu.project, built_relu.library, "--cpu", "nehalem", "--types", "f32")
    command += ["--check", "numbers", "--examples", "1"]
    done = ovext(*command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "1 of 3 variants executed: sse42 (CPU nehalem)"
    done = ovext(*command, "--require", "all")
    assert done.returncode == ExitCode.FAILED
    for variant in ("avx2", "avx512f"):
        assert f"executed: {variant} was not executed anywhere" in done.stdout
    assert "--require all" in done.stdout


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--cpu", "haswel"], "unknown CPU 'haswel' (did you mean 'haswell'?)"),
        (["--require", "some"], "unknown choice of variants to require 'some'"),
        (["--run-under", "env"], "--run-under emulates one CPU, which --cpu must name"),
        (["--cpu", "haswell", "--run-under", "a 'b"], "is no command: No closing quotation"),
        (["--cpu", "haswell", "--run-under", "  "], "--run-under is an empty command"),
        (["--cpu", "haswell", "--device", "sim"], "--cpu is for the CPU"),
        (["--require", "all", "--check", "unloading"], "--require needs the check numbers"),
        (["--cpu", "haswell", "--sanitize", "address"], ""),
        (["--cpu", "haswell", "--run-under", "false"], "no program runs under 'false'"),
        (["--cpu", "haswell", "--run-under", "nowhere"], "nowhere"),
    ],
)
def test_choices_that_do_not_fit_are_refused(ovext: Ovext, built_relu: Built, options: list[str], told: str) -> None:
    done = ovext("test", built_relu.project, "--library", built_relu.library, *options)
    assert done.returncode in {ExitCode.USAGE, ExitCode.TOOL}, done.stdout
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_compiler_only_what_needs_it_is_left_out(
    ovext: Ovext, built_relu: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An emulated CPU that nobody asked for does not end the proof."""
    monkeypatch.setattr(cpus, "host_cpuinfo_flags", lambda: host_cpuinfo_flags() - {"avx512f"})
    monkeypatch.setenv("PATH", str(tmp_path))
    talk: list[str] = []
    chooser = cpus.CpuChooser(cpus_request(), read_openvino(OPENVINO / "cmake"), talk.append)
    (found,) = chooser.of("avx512f")
    assert isinstance(found, cpus.NoCpuError)
    assert "no C++ compiler was found" in str(found)
    with pytest.raises(ToolError):
        list(replace(chooser, request=cpus_request(cpu=WIDEST.name)).of("avx512f"))
    done = ovext("test", built_relu.project, "--library", built_relu.library, "--cpu", WIDEST.name, PATH=str(tmp_path))
    assert done.returncode == ExitCode.TOOL


def cpus_request(**given: str) -> ProofRequest:
    return replace(ProofRequest(), **given)  # type: ignore[arg-type]
