"""The dynamic loader's search on this machine: which file it opens for the name of a library."""

from __future__ import annotations

import os
import re
import shutil
from functools import cache
from pathlib import Path

from ovext.errors import ToolError
from ovext.files import is_file
from ovext.toolchain.process import run

_DEFAULT = ("/lib64", "/usr/lib64", "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib")
_ROW = re.compile(r"\s+(\S+) \(libc6,x86-64[^)]*\) => (/.+)")
_ELF, _64_BITS = b"\x7fELF", b"\x02"
_LONGEST_NAME = 255  # bytes
_SECONDS = 20


def is_file_name(name: str) -> bool:
    """Whether it is the name of a file, without folders."""
    return 0 < len(name.encode(errors="replace")) <= _LONGEST_NAME and "/" not in name and "\0" not in name


def library_here(name: str) -> Path | None:
    """The file that the loader opens on this machine; None if there is none. A path is no name."""
    if not is_file_name(name):
        return None
    variable = filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(":"))
    cached = _cache().get(name)
    candidates = [*(Path(folder, name) for folder in variable), *([cached] if cached else [])]
    candidates += [Path(folder, name) for folder in _DEFAULT]
    for file in filter(is_file, candidates):
        begin = _beginning(file)
        if begin[:4] != _ELF:
            return None  # such as a linker script: the loader stops there
        if begin[4:] == _64_BITS:
            return file
    return None


def _beginning(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(5)
    except OSError:
        return b""


@cache
def _cache() -> dict[str, Path]:
    """The loader's cache, /etc/ld.so.cache, as ldconfig prints it; empty on a system without it."""
    ldconfig = shutil.which("ldconfig", path=f"{os.environ.get('PATH', '')}:/sbin:/usr/sbin")
    if ldconfig is None:
        return {}
    try:
        printed = run([ldconfig, "-p"], timeout=_SECONDS).output
    except ToolError:
        return {}
    found: dict[str, Path] = {}
    for line in printed.splitlines():
        if row := _ROW.fullmatch(line):
            found.setdefault(row[1], Path(row[2]))
    return found
