"""What inspection says of loading is what loading does, for every kind of library, on this CPU and on an older one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from helpers import LIBOPENVINO
from ovext.inspect.counterpart import counterpart_chooser
from ovext.inspect.elf import Elf
from ovext.inspect.instructions import features_of_cpu
from ovext.inspect.library import InspectionRequest, inspect_library
from ovext.inspect.system import System, this_machine
from ovext.toolchain.survey import this_system
from small_libraries import CASES, INSTRUCTIONS, WRONGLY_GUARDED, build

# Loads a library as OpenVINO does, calls its entry point and unloads it.
PROGRAM = """\
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
    if (argc < 3 || !dlopen(argv[1], RTLD_NOW)) return 2;
    void *library = dlopen(argv[2], RTLD_NOW);
    if (!library) { puts(dlerror()); return 3; }
    void (*entry)(void *) = (void (*)(void *))dlsym(library, "create_extensions");
    if (!entry) { puts(dlerror()); return 4; }
    static char vector[64];
    entry(vector);
    dlclose(library);
    return 0;
}
"""
CPUS = ["native", "nehalem"]
# Verdicts that are worse than the truth; docs/inspect.md gives the reasons.
WORSE = {
    "instruction_lzcnt",  # an old CPU runs it, as BSR
    "instruction_rdseed",  # the emulator runs it
    "instruction_ptwrite",  # and does not name this one
    "instruction_apx",  # and the disassembler does not know this one
    "instruction_xop",  # the emulator runs bytes that no Intel CPU does
}
# Names of instructions that Linux has another name for.
LINUX_NAMES = {"sse41": "sse4_1", "lzcnt": "abm", "vnni": "avx512_vnni", "pclmul": "pclmulqdq", "sha": "sha_ni"}
# Whether wide code in them runs only after a check of the CPU is not known: it does not, and they do have a check.
UNKNOWN = {f"wrongly_guarded_{name}" for name in WRONGLY_GUARDED}


@pytest.fixture(scope="session")
def loader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("loader")
    (folder / "loader.c").write_text(PROGRAM, encoding="utf-8")
    subprocess.run(["/usr/bin/gcc", "-w", "loader.c", "-o", "loader"], cwd=folder, check=True)
    return folder / "loader"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("libraries")


def loads(loader: Path, library: Path, cpu: str) -> tuple[bool, str]:
    """Whether the library loads, and its entry point returns, in a process with OpenVINO."""
    emulator = [] if cpu == "native" else ["qemu-x86_64", "-cpu", "Nehalem"]
    command = [*emulator, str(loader), str(LIBOPENVINO), str(library)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return done.returncode == 0, f"exit code {done.returncode}: {done.stdout}{done.stderr}"


def system(cpu: str) -> System:
    return this_machine() if cpu == "native" else System(this_system(), features_of_cpu(cpu), is_here=True)


def may_be_hidden(name: str) -> bool:
    """Whether Linux does not name the instruction's feature here: a virtual machine's CPU may run it all the same."""
    instruction = name.removeprefix("instruction_")
    flags = Path("/proc/cpuinfo").read_text(encoding="ascii").partition("flags")[2].partition("\n")[0].split()
    return instruction in INSTRUCTIONS and LINUX_NAMES.get(instruction, instruction) not in flags


@pytest.mark.parametrize("name", CASES)
def test_verdict_is_the_truth(loader: Path, folder: Path, name: str) -> None:
    library = build(CASES[name], folder / name.replace("/", "_"))
    choose = counterpart_chooser(None, print)
    for cpu in CPUS:
        if cpu != "native" and shutil.which("qemu-x86_64") is None:
            pytest.skip("qemu-x86_64 is not installed")
        report = inspect_library(Elf(library), InspectionRequest([system(cpu)], choose))
        does, how = loads(loader, library, cpu)
        told = f"{cpu}: {how}; {[finding.text for finding in report.findings]}"
        (verdict,) = report.verdicts
        assert does or verdict.loads is not True, told
        is_worse = name in WORSE or (cpu == "native" and may_be_hidden(name))
        assert not does or verdict.loads is not False or is_worse, told
        assert verdict.loads is not None or name in UNKNOWN, told


def test_there_are_many_kinds() -> None:
    assert len(CASES) >= 150
    assert os.environ.get("LD_LIBRARY_PATH") is None
