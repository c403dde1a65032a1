"""Where the linker found the shared libraries of a target: CMake's link command tells."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from ovext.toolchain.loader import library_here
from ovext.toolchain.process import run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from ovext.toolchain.compiler import Compiler

_NOT_SHARED = (".o", ".a", ".map")


@dataclass(frozen=True)
class LinkCommand:
    """What a link command says of libraries: files that may be shared libraries, and the folders of -L, in order."""

    files: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()


def link_command(build_dir: Path, library: Path, target: str, ninja: Path) -> LinkCommand:
    """The link command of a target.

    Args:
        build_dir: CMake's build tree, of the generator Ninja or Unix Makefiles.
        library: the target's file.
        target: its name.
        ninja: the program.
    """
    words = list(_without_wrapping(_words(build_dir, library, target, ninja)))
    folders = [build_dir / word.removeprefix("-L") for word in words if word.startswith("-L") and word != "-L"]
    files = []
    for before, word in pairwise(words):
        if word.startswith("-l"):
            name = word.removeprefix("-l")
            file_name = name.removeprefix(":") if name.startswith(":") else f"lib{name}.so"
            files += [folder / file_name for folder in folders]
        elif before != "-o" and not word.startswith("-") and not word.endswith(_NOT_SHARED):
            files.append(build_dir / word)
    there = [file for file in dict.fromkeys(files) if file.is_file()]
    return LinkCommand(tuple(there), tuple(dict.fromkeys(folders)))


def _without_wrapping(words: Iterable[str]) -> Iterator[str]:
    """The words, with options for the linker as it sees them."""
    for word in words:
        yield from word.split(",")[1:] if word.startswith("-Wl,") else [word]


def _words(build_dir: Path, library: Path, target: str, ninja: Path) -> list[str]:
    if (build_dir / "build.ninja").is_file():
        relative = library.relative_to(build_dir) if library.is_relative_to(build_dir) else library
        done = run([str(ninja), "-C", str(build_dir), "-t", "commands", "-s", str(relative)])
        return shlex.split(done.output) if done.ok else []
    found = next(build_dir.rglob(f"CMakeFiles/{target}.dir/link.txt"), None)
    return shlex.split(found.read_text(encoding="utf-8")) if found else []


def find_library_file(name: str, folders: Iterable[Path], compiler: Compiler) -> Path | None:
    """The file of a needed library: in the folders, where the compiler has it, or where the loader finds it."""
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    told = run([str(compiler.path), f"-print-file-name={name}"]).output.strip()
    return (compiler.path.parent / told).resolve() if "/" in told else library_here(name)
