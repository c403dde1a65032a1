"""The programs and packages that run code for a CPU that this machine does not have."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovext.errors import BuildError, FilesError, ToolError
from ovext.lock import folder_lock
from ovext.resources import emulator_dir
from ovext.toolchain.compiler import find_compiler
from ovext.toolchain.fetch import cache_dir
from ovext.toolchain.process import cpu_count, run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ovext.targets.cpus import CpuModel
    from ovext.toolchain.openvino import OpenVINO

QEMU = "qemu-x86_64"
INSTALL_QEMU = "apt-get install qemu-user (Debian, Ubuntu)"
INSTALL_EMULATOR = "pip install 'ovext[emulator]'"
_SDE = "sde64"
_TRUE = "/bin/true"
_START_SECONDS = 120.0


def emulating_command(model: CpuModel) -> tuple[str, ...] | None:
    """The command to put before a program that is to run on such a CPU: QEMU's, else Intel SDE's; None without them."""
    if model.qemu and shutil.which(QEMU):
        return (QEMU, "-cpu", model.qemu)
    sde = find_sde()
    return (str(sde), model.sde, "--") if sde else None


def check_emulating(command: Sequence[str]) -> None:
    """Check that a program runs under the command.

    Raises:
        ToolError: it does not.
    """
    finished = run([*command, _TRUE], timeout=_START_SECONDS)
    if not finished.ok:
        said = finished.errors.strip().splitlines()[-1:] or [finished.how_it_ended()]
        raise ToolError(f"no program runs under '{' '.join(command)}': {said[0]}", fix="Give another --run-under.")


def find_sde() -> Path | None:
    """Intel SDE, in the folder SDE_HOME or on PATH."""
    home = os.environ.get("SDE_HOME")
    found = shutil.which(_SDE, path=home) if home else shutil.which(_SDE)
    return Path(found) if found else None


def has_emulator() -> bool:
    """Whether bochscpu, a CPU as a Python package, is installed."""
    return find_spec("bochscpu") is not None


def emulator_settings(model: CpuModel, openvino: OpenVINO, budget: int, talk: Callable[[str], None]) -> dict[str, Any]:
    """What a worker must know to emulate a CPU. `budget` is how many instructions one call may execute.

    The errors are those of emulator_library.
    """
    helper = str(emulator_library(openvino, talk))
    known = {"cpu": model.name, "model": model.bochs, "xcr0": model.xcr0}
    return {**known, "helper": helper, "cpus": cpu_count(), "budget": budget}


def emulator_library(openvino: OpenVINO, talk: Callable[[str], None]) -> Path:
    """The library that runs an op on bochscpu, for that OpenVINO; compiled unless it is in the user's cache.

    Raises:
        ToolError: there is no compiler.
        BuildError: it does not compile.
        FilesError: the cache cannot be written.
    """
    compiler = find_compiler()
    sources = sorted(emulator_dir().glob("*.[ch]pp"))
    abi = f"-D_GLIBCXX_USE_CXX11_ABI={int(openvino.cxx11_abi)}"
    flags = ["-std=c++17", "-O2", "-w", "-fPIC", "-shared", "-pthread", abi, f"-I{openvino.cmake_dir / '../include'}"]
    facts = [
        *flags,
        str(openvino.library),
        str(openvino.version),
        str(openvino.cxx11_abi),
        str(compiler.path),
        compiler.version,
    ]
    content = b"\0".join([*(one.read_bytes() for one in sources), *map(str.encode, facts)])
    library = cache_dir() / "emulator" / f"{hashlib.sha256(content).hexdigest()[:20]}.so"
    if library.is_file():
        return library
    files = [str(one) for one in sources if one.suffix == ".cpp"]
    try:
        library.parent.mkdir(parents=True, exist_ok=True)
        with folder_lock(library.parent, "another ovext to compile the emulator", talk):
            if not library.is_file():
                talk("Compiling what runs an op on the emulated CPU")
                with tempfile.TemporaryDirectory(dir=library.parent) as folder:
                    made = Path(folder, library.name)
                    done = run([str(compiler.path), *flags, *files, str(openvino.library), "-ldl", "-o", str(made)])
                    if not done.ok:
                        log = library.with_suffix(".log")
                        log.write_text(done.errors, encoding="utf-8")
                        problem = "What runs an op on the emulated CPU does not compile."
                        raise BuildError(problem, output=done.errors, log=log)
                    made.replace(library)
    except OSError as error:
        problem = f"the cache folder cannot be written: {error.strerror}"
        fix = "Set OVEXT_CACHE_DIR to a folder that can be written."
        raise FilesError(problem, where=library.parent, fix=fix) from None
    return library
