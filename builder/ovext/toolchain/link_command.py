"""Where the linker found the shared libraries of a target: CMake's link command tells the folders."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from typing import TYPE_CHECKING

from ovext.toolchain.loader import library_here
from ovext.toolchain.process import run

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ovext.toolchain.compiler import Compiler

_SHARED = re.compile(r".+\.so(\.\d+)*")


def linked_libraries(build_dir: Path, library: Path, target: str, ninja: Path) -> tuple[list[Path], list[Path]]:
    """The shared libraries that a target is linked with by their files, and the folders that -L names, in order.

    Args:
        build_dir: CMake's build tree, of the generator Ninja or Unix Makefiles.
        library: the target's file.
        target: its name.
        ninja: the program.
    """
    files, folders = [], []
    for before, word in pairwise(_words(build_dir, library, target, ninja)):
        if before == "-o":
            continue
        if word.startswith("-L") and len(word) > len("-L"):
            folders.append(build_dir / word.removeprefix("-L"))
        elif not word.startswith("-") and _SHARED.fullmatch(word):
            files.append(build_dir / word)
    return list(dict.fromkeys(files)), list(dict.fromkeys(folders))


def _words(build_dir: Path, library: Path, target: str, ninja: Path) -> list[str]:
    if (build_dir / "build.ninja").is_file():
        relative = library.relative_to(build_dir) if library.is_relative_to(build_dir) else library
        done = run([str(ninja), "-C", str(build_dir), "-t", "commands", "-s", str(relative)])
        return shlex.split(done.output) if done.ok else []
    found = next(build_dir.rglob(f"CMakeFiles/{target}.dir/link.txt"), None)
    return shlex.split(found.read_text(encoding="utf-8")) if found else []


def find_linked(name: str, folders: Iterable[Path], compiler: Compiler) -> Path | None:
    """The file of a needed library: in the folders, where the compiler has it, or where the loader finds it."""
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    told = run([str(compiler.path), f"-print-file-name={name}"]).output.strip()
    return (compiler.path.parent / told).resolve() if "/" in told else library_here(name)
