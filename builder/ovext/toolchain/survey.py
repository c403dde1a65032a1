"""Everything on this machine that matters to extensions, found or missing, with a fix for each problem."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.errors import EngineError, OvextError, ToolError
from ovext.targets.base_os import BaseOS
from ovext.targets.isa import host_cpuinfo_flags, isa_table
from ovext.targets.openvino_version import DEFAULT_RELEASE
from ovext.toolchain.cmake import find_build_tools
from ovext.toolchain.compiler import CANDIDATES, check_binutils, check_compiler, find_compiler
from ovext.toolchain.emulators import INSTALL_EMULATOR, INSTALL_QEMU, QEMU, find_sde, has_emulator
from ovext.toolchain.engine import ENGINES, find_engine
from ovext.toolchain.fetch import cache_dir
from ovext.toolchain.opencl import INSTALL_OCLOC, INSTALL_RUNTIME, find_ocloc, find_runtime
from ovext.toolchain.openvino import choose_openvino, read_openvino
from ovext.toolchain.process import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ANSWER_SECONDS = 15
_OPENCL = """
import ctypes
cl = ctypes.CDLL("libOpenCL.so.1")
count = ctypes.c_uint()
cl.clGetPlatformIDs(0, None, ctypes.byref(count))
platforms = (ctypes.c_void_p * count.value)()
cl.clGetPlatformIDs(count, platforms, None)
for platform in platforms:
    name = ctypes.create_string_buffer(256)
    cl.clGetPlatformInfo(ctypes.c_void_p(platform), 0x0902, 256, name, None)
    print(name.value.decode())
"""


@dataclass(frozen=True)
class Item:
    """One thing that was looked for. `problem` means that a build needs it and cannot use it."""

    subject: str
    found: str
    fix: str = ""
    problem: bool = False


def survey() -> list[Item]:
    """Survey the whole machine. Changes nothing, but asks engines and runtimes whether they are alive."""
    looks: tuple[Callable[[], Iterator[Item]], ...] = (
        _cpu,
        _system,
        _compilers,
        _build_tools,
        _openvinos,
        _engines,
        _emulators,
        _opencl,
    )
    return [item for look in looks for item in look()]


def this_system() -> BaseOS:
    """This machine's own C and C++ libraries, as a base OS to check a file for."""
    glibc = (os.confstr("CS_GNU_LIBC_VERSION") or "glibc 0").split()[-1]
    cxx, gcc = (_loaded(name) for name in ("libstdc++.so.6", "libgcc_s.so.1"))
    return BaseOS(
        id="here",
        title="this machine",
        glibc=glibc,
        glibcxx=_newest(b"GLIBCXX", cxx),
        cxxabi=_newest(b"CXXABI", cxx),
        libgcc=_newest(b"GCC", gcc),
        libraries=(),
    )


def _newest(family: bytes, content: bytes) -> str:
    """The highest version of a symbol family in a library's name tables."""
    texts = re.findall(rb"\0" + family + rb"_(\d+(?:\.\d+)*)(?=\0)", content)
    numbers = max((tuple(map(int, text.split(b"."))) for text in texts), default=(0,))
    return ".".join(map(str, numbers))


def _loaded(name: str) -> bytes:
    """The content of the library that the loader finds; empty if there is none."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return b""
    found = re.search(rf"(/\S*{re.escape(name)}\S*)", Path("/proc/self/maps").read_text(encoding="utf-8"))
    return Path(found[1]).read_bytes() if found else b""


def _cpu() -> Iterator[Item]:
    flags = host_cpuinfo_flags()
    isas = [row.id for row in isa_table().values() if row.is_supported(flags)]
    fix = "" if isas else "Libraries for this CPU cannot be built; build on another machine."
    yield Item("CPU", f"instruction sets {', '.join(isas) or 'below SSE4.2'}", fix, problem=not isas)


def _system() -> Iterator[Item]:
    system = this_system()
    yield Item("system", f"GLIBC {system.glibc}, GLIBCXX {system.glibcxx}, CXXABI {system.cxxabi}")


def _compilers() -> Iterator[Item]:
    try:
        chosen = find_compiler()
    except ToolError as error:
        yield Item("compiler", error.what, error.fix or "", problem=True)
        return
    yield Item("compiler", f"{chosen.id} {chosen.version}, {chosen.path} ({chosen.reason})")
    try:
        check_binutils(chosen)
    except ToolError as error:
        yield Item("binutils", error.what, error.fix or "", problem=True)
    for path in filter(None, map(shutil.which, CANDIDATES)):
        if Path(path) == chosen.path:
            continue
        try:
            other = check_compiler(Path(path), "")
        except ToolError as error:
            yield Item("compiler", error.what)
        else:
            yield Item("compiler", f"{other.id} {other.version}, {other.path}")


def _build_tools() -> Iterator[Item]:
    try:
        tools = find_build_tools()
    except ToolError as error:
        yield Item("CMake, Ninja", error.what, error.fix or "", problem=True)
    else:
        yield Item("CMake", str(tools.cmake))
        yield Item("Ninja", str(tools.ninja))


def _openvinos() -> Iterator[Item]:
    folders: dict[Path, str] = {}
    try:
        choice = choose_openvino(None, DEFAULT_RELEASE)
        if choice.cmake_dir:
            folders[choice.cmake_dir.resolve()] = choice.reason
    except OvextError as error:
        yield Item("OpenVINO", str(error), error.fix or "", problem=True)
    for cached in sorted((cache_dir() / "openvino").glob("*/openvino/cmake")):
        folders.setdefault(cached.resolve(), "fetched before")
    for folder, reason in folders.items():
        try:
            found = read_openvino(folder)
        except OvextError as error:
            yield Item("OpenVINO", str(error), f"Remove {folder.parents[1]}.")
        else:
            yield Item("OpenVINO", f"{found.version}, C++ ABI {int(found.cxx11_abi)}, {folder.parent} ({reason})")
    if not folders:
        yield Item("OpenVINO", "none here; a build fetches the release that it needs")


def _engines() -> Iterator[Item]:
    for name in ENGINES:
        try:
            find_engine(name)
        except EngineError as error:
            installed = shutil.which(name) is not None
            yield Item(
                name,
                error.what.removeprefix(f"{name} is "),
                f"Start {name}'s service, or build with --engine host." if installed else "",
            )
        else:
            yield Item(name, "alive")


def _emulators() -> Iterator[Item]:
    path = shutil.which(QEMU)
    fix = "" if path else f"To run libraries as older CPUs do: {INSTALL_QEMU}."
    yield Item("emulator", path or f"{QEMU} is not installed", fix)
    if sde := find_sde():
        yield Item("emulator", f"Intel SDE, {sde}")
    fix = "" if has_emulator() else f"To run AVX-512 code without such a CPU: {INSTALL_EMULATOR}."
    yield Item("emulator", f"bochscpu is {'' if has_emulator() else 'not '}installed", fix)


def _opencl() -> Iterator[Item]:
    try:
        finished = run([sys.executable, "-c", _OPENCL], timeout=_ANSWER_SECONDS)
    except ToolError as error:
        yield Item("OpenCL", error.what)
        return
    platforms = finished.output.split("\n")[:-1] if finished.ok else []
    if platforms:
        yield from (Item("OpenCL", name) for name in platforms)
    else:
        yield Item("OpenCL", "no platform", "For GPU layers: apt-get install intel-opencl-icd, or pocl-opencl-icd.")
    for subject, path, fix in (
        ("ocloc", find_ocloc(), INSTALL_OCLOC),
        ("simulated GPU", find_runtime(), INSTALL_RUNTIME),
    ):
        yield Item(subject, str(path or "not installed"), "" if path else fix)
