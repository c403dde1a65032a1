"""What the simulated GPU keeps of the programs that it has compiled."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers import need
from ovext.gpu.simulator import find_simulator
from ovext.toolchain.opencl import INSTALL_RUNTIME, find_runtime

if TYPE_CHECKING:
    from ovext.gpu.simulator import Simulator

# Prints what the kernel in the first argument stores; the others are options of the compiler.
PROGRAM = """\
import sys
import numpy as np
import pyopencl as cl
[device] = [one for platform in cl.get_platforms() if "Intel" in platform.name for one in platform.get_devices()]
context = cl.Context([device])
stored = cl.Buffer(context, cl.mem_flags.READ_WRITE, 4)
queue = cl.CommandQueue(context)
cl.Program(context, sys.argv[1]).build(sys.argv[2:], devices=[device]).store(queue, (1,), None, stored)
result = np.zeros(1, np.int32)
cl.enqueue_copy(queue, result, stored)
print(result[0])
"""
ONE = "kernel void store(global int* out) { *out = 1; }"
TWO = "kernel void store(global int* out) { *out = 2; }"


@pytest.fixture
def simulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Simulator:
    """The simulated GPU with a cache of its own."""
    need(find_runtime() is not None, f"Intel's OpenCL runtime for CPUs. {INSTALL_RUNTIME}")
    monkeypatch.setenv("OVEXT_CACHE_DIR", str(tmp_path))
    return find_simulator()


def run(simulator: Simulator, source: str, *options: str) -> str:
    env = {**os.environ, **simulator.environment(), "PYOPENCL_NO_CACHE": "1"}
    return subprocess.check_output([sys.executable, "-c", PROGRAM, source, *options], env=env, text=True).strip()


def kept(simulator: Simulator) -> set[Path]:
    return {*compiled_by(simulator).iterdir()}


def compiled_by(simulator: Simulator) -> Path:
    assert simulator.compiled is not None
    return simulator.compiled


def test_a_program_is_taken_from_what_was_compiled_before(simulator: Simulator) -> None:
    assert run(simulator, ONE) == "1"
    [one] = kept(simulator)
    assert run(simulator, TWO) == "2"
    [two] = kept(simulator) - {one}
    one.write_bytes(two.read_bytes())
    assert run(simulator, ONE) == "2"


def test_the_comment_with_the_file_of_a_kernel_makes_no_difference(simulator: Simulator) -> None:
    for file in ("one/kernel.cl", "two/kernel.cl"):
        assert run(simulator, f"\n// Custom Layer Kernel {file}\n{ONE}") == "1"
    assert len(kept(simulator)) == 1
    assert run(simulator, f"\n// Custom Layer Kernel {file}\n{TWO}") == "2"


def test_code_in_the_line_of_that_comment_makes_a_difference(simulator: Simulator) -> None:
    for number in ("7", "8"):
        line = f"// Custom Layer Kernel */ *out = {number};"
        assert run(simulator, f"kernel void store(global int* out) {{\n/*\n{line}\n}}") == number


@pytest.mark.parametrize("damage", [b"", b"no program"])
def test_a_damaged_file_is_compiled_again(simulator: Simulator, damage: bytes) -> None:
    run(simulator, ONE)
    [file] = kept(simulator)
    whole = file.read_bytes()
    for spoilt in (damage, whole[: len(whole) // 2]):
        file.write_bytes(spoilt)
        assert run(simulator, ONE) == "1"
        assert file.read_bytes() == whole


def test_other_options_make_another_program(simulator: Simulator) -> None:
    source = "kernel void store(global int* out) { *out = NUMBER; }"
    assert [run(simulator, source, f"-DNUMBER={number}") for number in (3, 4, 3)] == ["3", "4", "3"]
    assert len(kept(simulator)) == 2


@pytest.mark.parametrize("directive", ["include", "import", "inc\\\nlude"])
def test_a_program_that_brings_a_file_is_compiled_each_time(
    simulator: Simulator, tmp_path: Path, directive: str
) -> None:
    header = tmp_path / "number.h"
    for number in ("5", "6"):
        header.write_text(f"#define NUMBER {number}\n", encoding="utf-8")
        source = f'#{directive} "{header}"\nkernel void store(global int* out) {{ *out = NUMBER; }}'
        assert run(simulator, source) == number
    assert kept(simulator) == set()


def test_a_setting_of_the_runtime_makes_another_program(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(simulator, ONE) == "1"
    monkeypatch.setenv("CL_CONFIG_USE_VECTORIZER", "False")
    assert run(find_simulator(), ONE) == "1"
    assert kept(find_simulator()).isdisjoint(kept(simulator))


def test_a_cache_that_cannot_be_written_is_left_alone(simulator: Simulator) -> None:
    folder = compiled_by(simulator).parent
    shutil.rmtree(folder)
    folder.write_text("no folder", encoding="utf-8")
    again = find_simulator()
    assert again.compiled is None
    assert run(again, ONE) == "1"


def test_half_of_too_many_programs_are_removed(simulator: Simulator) -> None:
    folder = compiled_by(simulator)
    for number in range(2001):
        (folder / str(number)).touch()
    os.utime(folder / "2000", (0, 0))
    find_simulator()
    assert len(kept(simulator)) == 1001
    assert not (folder / "2000").exists()
