"""Try the functions of ovext/math.hpp on all 2^32 floats: their errors, and the same bits on each instruction set.

The widest instruction set of this CPU is compared with references in double. The others must return the same bits for
every seventh float. This takes about a quarter of an hour on two cores.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ovext.resources import cmake_dir
from ovext.targets.isa import host_cpuinfo_flags, isa_table
from ovext.toolchain.cmake import find_build_tools

ROOT = Path(__file__).parents[1]
STEP_FOR_BITS = 7


def build() -> Path:
    """The program of tests/packages/math, for every instruction set."""
    tools, folder = find_build_tools(), ROOT / "build" / "math"
    settings = [f"-Dovext_DIR={cmake_dir()}", f"-DCMAKE_MAKE_PROGRAM={tools.ninja}", "-DOVEXT_ISA=multi"]
    configure = [str(tools.cmake), "-S", str(ROOT / "tests" / "packages" / "math"), "-B", str(folder), "-G", "Ninja"]
    subprocess.run([*configure, *settings, "-DCMAKE_BUILD_TYPE=Release"], check=True, stdout=sys.stderr)
    subprocess.run([str(tools.cmake), "--build", str(folder)], check=True, stdout=sys.stderr)
    return folder / "accuracy"


def run(program: Path, isa: str, *options: str) -> str:
    """The program's output. A function with a larger error than allowed ends this script."""
    command = [str(program), "--jobs", str(len(os.sched_getaffinity(0))), *options]
    done = subprocess.run(command, env={**os.environ, "OVEXT_ISA": isa}, capture_output=True, text=True, check=False)
    print(f"{isa}: {' '.join(options)}\n{done.stdout}", flush=True)
    if done.returncode:
        sys.exit(f"{isa}: a function is more wrong than tests/packages/math/functions.inc allows")
    return done.stdout


def bits(output: str) -> dict[str, str]:
    """The hash of all results, by function."""
    return {line.split()[0]: line.split()[-1] for line in output.splitlines()}


def main() -> None:
    program = build()
    *others, widest = [row.id for row in isa_table().values() if row.is_supported(host_cpuinfo_flags())]
    run(program, widest, "--step", "1")
    found = {isa: bits(run(program, isa, "--step", str(STEP_FOR_BITS), "--bits")) for isa in (*others, widest)}
    for isa in others:
        if found[isa] != found[widest]:
            sys.exit(f"{isa} and {widest} give different bits")
    print(f"{', '.join(found)}: the same bits")


if __name__ == "__main__":
    main()
