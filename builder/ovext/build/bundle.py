"""Putting copies of the shared libraries that an extension needs beside it, under names of their own.

The names have a part of the copy's hash, as auditwheel's have: a process that has another version of the library loaded
gets both. What OpenVINO, the system or the user's image brings is never copied.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ovext.build.manifest import BundledRecord
from ovext.errors import BuildError, GateError, UnreadableFileError
from ovext.files import sha256_of, writing_to
from ovext.inspect.elf import Elf
from ovext.inspect.needed import expanded_run_path, is_of_openvino, run_path
from ovext.inspect.versions import libraries_of_manylinux
from ovext.targets.base_os import base_oses
from ovext.toolchain.cmake import find_build_tools
from ovext.toolchain.compiler import find_compiler
from ovext.toolchain.link_command import find_linked, linked_libraries
from ovext.toolchain.patchelf import find_patchelf
from ovext.toolchain.process import run

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ovext.build.cmake_report import LibraryReport
    from ovext.targets.base_os import BaseOS

_OWN_FOLDER = "$ORIGIN"
_HASH_DIGITS = 8


def brought_by(bases: Sequence[BaseOS]) -> frozenset[str]:
    """The libraries that these base OSes have; without any, what every system has that a manylinux tag stands for."""
    everywhere = frozenset.intersection(*(frozenset(base.libraries) for base in bases or base_oses()))
    return everywhere if bases else everywhere & libraries_of_manylinux()


def with_bundled(
    file: Path, report: LibraryReport, build_dir: Path, into: Path, brought: Iterable[str]
) -> tuple[Path, list[BundledRecord]]:
    """The library with copies of what it needs beside it, and the record of each copy.

    Args:
        file: the library. It stays as it is; without anything to copy, it is what is returned.
        report: what CMake reported of it.
        build_dir: CMake's build tree.
        into: a folder for a copy that needs the bundled libraries, and for these; used only if there are any.
        brought: the libraries that need not be copied, beside those of OpenVINO.

    Raises:
        GateError: a library is not on this machine.
        BuildError: patchelf fails.
        FilesError: the folder cannot be written.
    """
    bundle = _Bundle(report, build_dir, into, frozenset(brought))
    if not bundle.wanted(file):
        return file, []
    with writing_to(into):
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir(parents=True)
        copy = into / file.name
        shutil.copy(file, copy)
        bundle.redirect(copy, [_OWN_FOLDER, *run_path(Elf(copy))])
        return copy, [bundle.record(library, name) for library, name in sorted(bundle.names.items())]


@dataclass
class _Bundle:
    """The copies made so far."""

    report: LibraryReport
    build_dir: Path
    into: Path
    brought: frozenset[str]
    names: dict[str, str] = field(default_factory=dict)  # the copies' names, by the libraries'
    folders: list[Path] = field(default_factory=list)
    linked: dict[str, Path] = field(default_factory=dict)  # by what the loader calls them

    def __post_init__(self) -> None:
        ninja = find_build_tools().ninja
        files, folders = linked_libraries(self.build_dir, self.report.file, self.report.library, ninja)
        self.folders = [*dict.fromkeys([file.parent for file in files] + folders)]
        self.linked = {_soname(file): file for file in files if file.is_file()}

    def wanted(self, file: Path) -> list[str]:
        """The libraries that the file needs and that nothing brings."""
        return [name for name in Elf(file).needed if name not in self.brought and not is_of_openvino(name)]

    def redirect(self, file: Path, run_path: Sequence[str]) -> None:
        """Let the file need copies, and find them by this run path."""
        options = [part for name in self.wanted(file) for part in ("--replace-needed", name, self.copy_of(name))]
        if options:
            _patch(file, [*options, "--set-rpath", ":".join(dict.fromkeys(run_path))])

    def copy_of(self, name: str) -> str:
        """The name of the copy of a library; makes it, and copies of what it needs, unless they are there."""
        if name in self.names:
            return self.names[name]
        found = self.linked.get(name) or find_linked(name, self.folders, find_compiler())
        if found is None:
            raise GateError(
                f"{self.report.file.name} needs {name}, which is not found on this machine, so it cannot be bundled",
                fix=f'Name its folder in LD_LIBRARY_PATH. If the image has it, say provides = ["{name}"].',
            )
        self.folders += [*expanded_run_path(Elf(found)), found.resolve().parent]  # where its own libraries are
        stem, _, version = name.partition(".so")
        self.names[name] = f"{stem}-{sha256_of(found)[:_HASH_DIGITS]}.so{version}"
        copy = self.into / self.names[name]
        shutil.copyfile(found, copy)
        copy.chmod(0o755)
        _patch(copy, ["--set-soname", copy.name])
        self.redirect(copy, [_OWN_FOLDER])
        return copy.name

    def record(self, library: str, name: str) -> BundledRecord:
        copy = self.into / name
        return BundledRecord(file=name, library=library, size=copy.stat().st_size, sha256=sha256_of(copy))


def _soname(file: Path) -> str:
    try:
        return next(iter(Elf(file).strings_of("SONAME")), file.name)
    except UnreadableFileError:  # such as a linker script
        return file.name


def _patch(file: Path, options: Sequence[str]) -> None:
    done = run([str(find_patchelf()), *options, str(file)])
    if not done.ok:
        log = file.with_name("patchelf.log")
        log.write_text(done.errors + done.output, encoding="utf-8")
        raise BuildError(f"{file.name} could not be bundled.", output=done.errors + done.output, log=log)
