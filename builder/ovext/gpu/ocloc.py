"""Compile for Intel GPUs without having one: ocloc, the offline compiler of Intel's OpenCL driver."""

from __future__ import annotations

import hashlib
import json
import re
import struct
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ovext.errors import ToolError, UnknownNameError
from ovext.files import read_regular, replace_text
from ovext.toolchain.fetch import cache_dir
from ovext.toolchain.process import run

# One GPU of each generation; every release of ocloc knows only some of them.
GENERATIONS = ("skl", "icllp", "tgllp", "acm-g10", "pvc", "mtl", "lnl-m", "bmg-g21", "ptl-h")
_SECONDS = 120.0
_DEVICES = re.compile(r"<device_type> can be: (.*?)(?:, version|\n\n)", re.DOTALL)
_PATCH_TOKEN = re.compile(r"Token (\d+)\n\t4 Size \d+\n\tHex ([0-9a-f ]+)")
# For older binaries: tokens of the patch list, and the positions of numbers in them.
_SCRATCH_TOKENS = {18, 55}
_ENVIRONMENT_TOKEN = 23
_SCRATCH, _SIMD, _REGISTERS = 1, 3, 20


@dataclass(frozen=True)
class Binary:
    """A kernel compiled for one GPU."""

    bytes: int
    simd: int  # work items of one hardware thread
    registers: int  # available to the thread
    spilled: int  # bytes of memory that each thread uses because it runs out of registers


@dataclass(frozen=True)
class Compiled:
    """ocloc's result for a program, and its output."""

    device: str
    ok: bool
    log: str
    binary: Binary | None = None


def known_devices(ocloc: Path) -> list[str]:
    """The GPUs that this ocloc compiles for."""
    text = run([str(ocloc), "compile", "--help"], timeout=_SECONDS).output
    match = _DEVICES.search(text)
    return [word.strip() for word in match[1].split(",")] if match else []


def choose_devices(ocloc: Path, asked: str | None) -> list[str]:
    """The requested GPUs, comma-separated; by default one of each generation that ocloc knows.

    Raises:
        UnknownNameError: ocloc does not know one of them.
        ToolError: this ocloc knows no generation that ovext knows.
    """
    known = known_devices(ocloc)
    if asked is not None:
        names = [name.strip() for name in asked.split(",")]
        for name in names:
            if name not in known:
                raise UnknownNameError("GPU", name, known)
        return names
    spread = [name for name in GENERATIONS if name in known]
    if not spread:
        raise ToolError(f"{ocloc} names no GPU that ovext knows", fix="Name one with --device.")
    return spread


def compile_program(ocloc: Path, text: str, options: str, device: str) -> Compiled:
    """What ocloc says of one program for one GPU, from the cache if it was asked before."""
    cached = _cache_file(ocloc, text, options, device)
    with suppress(OSError, ValueError, TypeError):
        data = json.loads(read_regular(cached))
        return Compiled(**{**data, "binary": data["binary"] and Binary(**data["binary"])})
    compiled = _compile(ocloc, text, options, device)
    with suppress(OSError):  # a cache that cannot be written is no cache
        cached.parent.mkdir(parents=True, exist_ok=True)
        replace_text(cached, json.dumps(asdict(compiled)))
    return compiled


def _cache_file(ocloc: Path, text: str, options: str, device: str) -> Path:
    state = ocloc.stat()
    key = "\0".join((str(ocloc), str(state.st_mtime_ns), str(state.st_size), device, options, text))
    return cache_dir() / "ocloc" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"


def _compile(ocloc: Path, text: str, options: str, device: str) -> Compiled:
    """Compile one program for one GPU. If the compiler hangs or dies, that is a result, too."""
    with tempfile.TemporaryDirectory(prefix="ovext-gpu-") as name:
        folder = Path(name)
        (folder / "program.cl").write_text(text, encoding="utf-8")
        command = [str(ocloc), "compile", "-file", "program.cl", "-device", device, "-output_no_suffix"]
        if options:
            command += ["-options", options]
        disassemble = [str(ocloc), "disasm", "-file", "binary", "-device", device, "-dump", "dump"]
        try:
            finished = run([*command, "-output", "binary"], cwd=folder, timeout=_SECONDS)
            log = finished.output + finished.errors
            if not finished.ok or not (folder / "binary").is_file():
                return Compiled(device, False, f"{log}\nocloc: {finished.how_it_ended()}")
            run(disassemble, cwd=folder, timeout=_SECONDS)
        except ToolError as error:
            return Compiled(device, False, error.what)
        return Compiled(device, True, log, _facts(folder / "dump"))


def _facts(dump: Path) -> Binary | None:
    """The facts in the output of `ocloc disasm`; None if its format is not known."""
    heap = sum(file.stat().st_size for file in (*dump.glob("*_KernelHeap.*"), *dump.glob(".text.*")))
    if (tokens := dump / "PTM.txt").is_file():
        return _from_tokens(tokens.read_text(encoding="utf-8", errors="replace"), heap)
    if (info := dump / ".ze_info").is_file():
        return _from_ze_info(info.read_text(encoding="utf-8", errors="replace"), heap)
    return None


def _from_tokens(text: str, heap: int) -> Binary | None:
    scratch, environment = 0, ()
    for match in _PATCH_TOKEN.finditer(text):
        data = bytes(int(byte, 16) for byte in match[2].split())
        numbers = struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4])
        if int(match[1]) in _SCRATCH_TOKENS:
            scratch = max(scratch, numbers[_SCRATCH])
        elif int(match[1]) == _ENVIRONMENT_TOKEN:
            environment = numbers
    if len(environment) <= _REGISTERS:
        return None
    return Binary(heap, environment[_SIMD], environment[_REGISTERS], scratch)


def _from_ze_info(text: str, heap: int) -> Binary | None:
    simd, registers = re.search(r"simd_size:\s*(\d+)", text), re.search(r"grf_count:\s*(\d+)", text)
    if not simd or not registers:
        return None
    buffers = re.findall(r"type:\s*scratch\s+usage:\s*spill_fill_space\s+size:\s*(\d+)", text)
    return Binary(heap, int(simd[1]), int(registers[1]), max(map(int, buffers), default=0))
