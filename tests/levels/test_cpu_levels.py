"""The library in real OpenVINO on every CPU level: emulated old CPUs, and this one."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from helpers import LIBOPENVINO, OPENVINO, PACKAGES, RUNNABLE, Built, compile_all, need
from ovext.targets.cpus import CPU_MODELS
from ovext.targets.isa import isa_table
from ovext.toolchain.emulators import emulating_command, find_sde

VARIANTS = {"nehalem": "sse42", "haswell": "avx2", "skylake-avx512": "avx512f"}
# Without Intel SDE, which must be fetched by hand, no program runs as on a CPU with AVX-512.
EMULATED = [one.name for one in CPU_MODELS.values() if one.qemu or find_sde()]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A C++ program that loads a library as a server does. Python's numpy does not run on such old CPUs."""
    build = tmp_path_factory.mktemp("host")
    compile_all(PACKAGES / "host", build, f"-DOpenVINO_DIR={OPENVINO / 'cmake'}")
    return build / "host"


def run(command: list[str], **env: str) -> subprocess.CompletedProcess[str]:
    libraries = {"LD_LIBRARY_PATH": str(LIBOPENVINO.parent)}
    environment = {**os.environ, **libraries, **env}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def on(cpu: str) -> list[str]:
    """The command that runs a program on an emulated CPU."""
    command = emulating_command(CPU_MODELS[cpu])
    need(command is not None, "qemu-user")
    return list(command or ())


@pytest.mark.parametrize("cpu", EMULATED)
def test_emulated_cpu_chooses_its_variant_and_computes_right(host: Path, built_relu: Built, cpu: str) -> None:
    done = run([*on(cpu), str(host), str(built_relu.library)])
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"{VARIANTS[cpu]} right"


def test_a_library_for_several_releases_does_so_too(host: Path, relu_for_releases: Built) -> None:
    done = run([*on("nehalem"), str(host), str(relu_for_releases.library)])
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "sse42 right"


def test_forcing_what_the_emulated_cpu_lacks_fails_without_a_crash(host: Path, built_relu: Built) -> None:
    done = run([*on("nehalem"), str(host), str(built_relu.library)], OVEXT_ISA="avx2")
    assert "OVEXT_ISA=avx2 names an instruction set that this CPU does not support." in done.stderr
    assert "of these, this CPU can run: sse42." in done.stderr


def test_library_without_a_variant_for_the_cpu_fails_without_a_crash(
    host: Path, custom_relu: Path, tmp_path: Path
) -> None:
    build = tmp_path / "build"
    compile_all(custom_relu, build, "-DENABLE_AVX2=ON")
    library = build / "libcustom_relu_cpu_extension.so"
    done = run([*on("nehalem"), str(host), str(library)])
    assert "No instruction set variant of this library can run on this CPU." in done.stderr


def test_every_variant_runs_in_these_tests_where_the_cpu_has_avx_512() -> None:
    """The summary of the run counts them; a table row with a wrong feature name must not hide a variant."""
    cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    if re.search(r"\bavx512f\b", cpuinfo):
        assert list(isa_table()) == RUNNABLE


def test_this_cpu_chooses_its_best_variant(host: Path, built_relu: Built) -> None:
    done = run([str(host), str(built_relu.library)])
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"{RUNNABLE[-1]} right"
