"""The simulated GPU: the plugin's OpenCL functions on Intel's OpenCL runtime for CPUs."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from ovext.errors import OvextError, ToolError
from ovext.files import replace_file, replace_text, writing_to
from ovext.targets.isa import host_cpuinfo_flags
from ovext.toolchain.compiler import find_compiler
from ovext.toolchain.fetch import cache_dir
from ovext.toolchain.opencl import INSTALL_RUNTIME, find_runtime
from ovext.toolchain.process import run

if TYPE_CHECKING:
    from pathlib import Path

    from ovext.toolchain.compiler import Compiler

_FLAGS = ("-x", "c", "-std=c11", "-shared", "-fPIC", "-O2", "-fvisibility=hidden")
_COMPILE_SECONDS = 60.0
_MOST_PROGRAMS = 2000  # of about 100 kB each


@dataclass(frozen=True)
class Simulator:
    """The runtime's path, the ICD file through which OpenCL finds the simulated device, and what it has compiled."""

    runtime: Path
    icd: Path
    compiled: Path | None  # None if the cache cannot be written

    def environment(self, programs: Path | None = None) -> dict[str, str]:
        """What a process needs to see the device; the source of each program is written to the folder `programs`."""
        folders = {"OVEXT_SIM_PROGRAMS": programs, "OVEXT_SIM_CACHE": self.compiled}
        return {
            "OCL_ICD_VENDORS": str(self.icd.parent),
            "OVEXT_SIM_RUNTIME": str(self.runtime),
            # OpenVINO ships an older TBB under the same name: the runtime's must be loaded first.
            "LD_LIBRARY_PATH": _with("LD_LIBRARY_PATH", str(self.runtime.parent)),
            "LD_PRELOAD": _with("LD_PRELOAD", "libtbb.so.12"),
            **{name: str(folder) for name, folder in folders.items() if folder},
        }


def _with(variable: str, value: str) -> str:
    """The value, followed by the variable's value in the user's environment."""
    return ":".join(filter(None, [value, os.environ.get(variable)]))


def find_simulator() -> Simulator:
    """The simulated device, compiled now if it is not in the cache.

    Raises:
        ToolError: Intel's runtime or a compiler is missing, or the device does not compile.
        FilesError: the cache cannot be written.
    """
    runtime = find_runtime()
    if runtime is None:
        raise ToolError(
            "the simulated GPU needs Intel's OpenCL runtime for CPUs, which is not installed", fix=INSTALL_RUNTIME
        )
    source = (files("ovext.gpu.sim") / "simulated_gpu.c").read_bytes()
    compiler = find_compiler()
    key = hashlib.sha256(source + f"{compiler.path} {compiler.version}".encode()).hexdigest()[:16]
    folder = cache_dir() / "simulated-gpu" / key
    library, icd = folder / "libsimulated_gpu.so", folder / "vendors" / "simulated_gpu.icd"
    if not library.is_file() or not icd.is_file() or icd.read_text(encoding="utf-8") != f"{library}\n":
        with writing_to(folder):
            icd.parent.mkdir(parents=True, exist_ok=True)
            replace_file(library, lambda aside: _compile(compiler, source.decode(), aside))
            replace_text(icd, f"{library}\n")
    return Simulator(runtime, icd, _compiled(folder, runtime))


def _compiled(folder: Path, runtime: Path) -> Path | None:
    """The folder of what this runtime has compiled for this CPU; the oldest half is removed if it is large."""
    state = runtime.stat()
    settings = sorted(name + value for name, value in os.environ.items() if name.startswith("CL_CONFIG"))
    key = f"{runtime} {state.st_size} {state.st_mtime_ns} {sorted(host_cpuinfo_flags())} {settings}"
    compiled = folder / "compiled" / hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()[:16]
    try:
        compiled.mkdir(parents=True, exist_ok=True)
        programs = list(compiled.iterdir())
        if len(programs) > _MOST_PROGRAMS:
            for program in sorted(programs, key=lambda one: one.stat().st_mtime)[: _MOST_PROGRAMS // 2]:
                program.unlink()
    except FileNotFoundError:
        pass  # another process removes them, too
    except OSError:
        return None
    return compiled


def simulator_if_possible() -> Simulator | None:
    """The simulated device, or None if something that it needs is missing."""
    try:
        return find_simulator()
    except OvextError:
        return None


def _compile(compiler: Compiler, source: str, library: Path) -> None:
    command = [str(compiler.path), *_FLAGS, "-o", str(library), "-", "-ldl"]
    finished = run(command, stdin=source, timeout=_COMPILE_SECONDS)
    if not finished.ok:
        raise ToolError(f"the simulated GPU does not compile:\n{finished.errors}")
