"""ovext/math.hpp: its errors, the same bits on each instruction set, and loops that compilers vectorise."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from helpers import PACKAGES, RUNNABLE, compile_all, register_bytes
from ovext.resources import cmake_dir
from ovext.targets.isa import isa_table

FUNCTIONS = dict(
    re.findall(r"^FUNCTION\((\w+), ([\d.]+)\)", (PACKAGES / "math" / "functions.inc").read_text(), re.MULTILINE)
)
"""The functions of one argument, and the error in ULP that each may have."""
# The flags that cmake/seal.cmake uses for kernels.
FLAGS = ["-std=c++17", "-O3", "-fno-trapping-math", "-fno-math-errno", "-ffp-contract=off", "-march=x86-64"]


@pytest.fixture(scope="module")
def accuracy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    build = tmp_path_factory.mktemp("math")
    compile_all(PACKAGES / "math", build, "-DOVEXT_ISA=multi", "-DCMAKE_BUILD_TYPE=Release")
    return build / "accuracy"


def bits(accuracy: Path, isa: str) -> dict[str, str]:
    """The hash of the results of each function; none has a larger error than it may have.

    Every 251st float and all edges are tried; `make test-math` takes all floats.
    """
    command = [str(accuracy), "--step", "251", "--jobs", str(len(os.sched_getaffinity(0)))]
    environment = {**os.environ, "OVEXT_ISA": isa}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return {line.split()[0]: line.split()[-1] for line in done.stdout.splitlines()}


def test_errors_are_small_and_bits_the_same_everywhere(accuracy: Path) -> None:
    told = [bits(accuracy, isa) for isa in RUNNABLE]
    assert list(told[0]) == [*FUNCTIONS, "pow"]
    assert all(one == told[0] for one in told)


def test_errors_are_small_where_kernels_may_fuse(accuracy: Path, tmp_path: Path) -> None:
    isa = RUNNABLE[-1]
    if "-mfma" not in isa_table()[isa].flags:
        pytest.skip(f"{isa}, the widest instruction set of this CPU, has no fused instructions")
    options = [f"-DOVEXT_ISA={isa}", "-DOVEXT_FP_CONTRACT=fast", "-DCMAKE_BUILD_TYPE=Release"]
    compile_all(PACKAGES / "math", tmp_path, *options)
    assert bits(tmp_path / "accuracy", isa) != bits(accuracy, isa)


def test_the_documented_errors_are_those_of_the_limits() -> None:
    """The error in the comment of each float function is not above the limit that is tested."""
    header = (cmake_dir() / "runtime" / "ovext" / "math.hpp").read_text()
    for name, limit in {**FUNCTIONS, "pow": "4.0"}.items():
        comment = re.search(rf"/// ([^\n]*)\ninline float {name}\(", header)
        assert comment, name
        error = re.search(r"Error ([\d.]+) ULP", comment[1])
        assert float(error[1]) <= float(limit) if error else name == "sqrt"


def disassembled(file: Path) -> str:
    command = ["/usr/bin/objdump", "-d", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("isa", isa_table())
def test_loops_become_vectors(tmp_path: Path, isa: str) -> None:
    loops = "".join(
        f'extern "C" void {name}_loop(float* y, const float* x, long n) {{\n'
        f"    for (long i = 0; i < n; ++i) {{\n        y[i] = ovext::{name}(x[i]);\n    }}\n}}\n"
        for name in FUNCTIONS
    )
    (tmp_path / "loops.cpp").write_text(f"#include <ovext/math.hpp>\n{loops}")
    command = ["g++", *FLAGS, *isa_table()[isa].flags, f"-I{cmake_dir() / 'runtime'}", "-c", "loops.cpp"]
    subprocess.run(command, cwd=tmp_path, check=True)
    code = disassembled(tmp_path / "loops.o")
    register = {16: "%xmm", 32: "%ymm", 64: "%zmm"}[register_bytes(isa)]
    for name in FUNCTIONS:
        body = code.split(f"<{name}_loop>:\n")[1].split("\n\n")[0]
        assert re.search(rf"\bv?(mul|div|sqrt)p[sd]\b.*{register}", body), name
        assert "call" not in body, name
        assert not re.search(r"\bvfn?m", body), name


def test_what_is_for_float_only_is_refused_for_double(tmp_path: Path) -> None:
    (tmp_path / "a.cpp").write_text("#include <ovext/math.hpp>\ndouble f(double x) {\n    return ovext::gelu(x);\n}\n")
    command = ["g++", *FLAGS, f"-I{cmake_dir() / 'runtime'}", "-c", "a.cpp"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "use of deleted function" in done.stderr
