"""Putting copies of the shared libraries that an extension needs beside it, under names of their own.

The names have a part of the hash of a copy and of what it needs: a process that has another version of the library
loaded gets both. What OpenVINO, the system or the user's image brings is never copied.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ovext.build.manifest import BESIDE, IMAGE, OPENVINO, SYSTEM, BundledRecord
from ovext.errors import BuildError, GateError, UnreadableFileError
from ovext.files import sha256_of, writing_to
from ovext.inspect.elf import Elf
from ovext.inspect.needed import expanded_run_path, is_of_openvino, run_path
from ovext.targets.base_os import base_oses
from ovext.targets.manylinux import libraries_of_manylinux
from ovext.toolchain.cmake import find_build_tools
from ovext.toolchain.compiler import find_compiler
from ovext.toolchain.link_command import find_library_file, link_command
from ovext.toolchain.patchelf import find_patchelf
from ovext.toolchain.process import run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ovext.build.cmake_report import LibraryReport
    from ovext.targets.base_os import BaseOS

_OWN_FOLDER = "$ORIGIN"
_HASH_DIGITS = 8


@dataclass(frozen=True)
class Brought:
    """The libraries that need no copy."""

    by_system: frozenset[str]
    by_image: frozenset[str]  # as the project says

    def bringer_of(self, name: str) -> str | None:
        if name in self.by_image:
            return IMAGE
        if is_of_openvino(name):
            return OPENVINO
        return SYSTEM if name in self.by_system else None


def brought_by(bases: Sequence[BaseOS], provides: Sequence[str]) -> Brought:
    """What these base OSes have; without any, what every system has that a manylinux tag stands for."""
    everywhere = frozenset.intersection(*(frozenset(base.libraries) for base in bases or base_oses()))
    return Brought(everywhere if bases else everywhere & libraries_of_manylinux(), frozenset(provides))


def with_bundled(
    file: Path, report: LibraryReport, build_dir: Path, into: Path, brought: Brought
) -> tuple[Path, list[BundledRecord]]:
    """The library with copies of what it needs beside it, and the record of each copy.

    Args:
        file: the library. It stays as it is; without anything to copy, it is what is returned.
        report: what CMake reported of it.
        build_dir: CMake's build tree.
        into: a folder for a copy that needs the bundled libraries, and for these; used only if there are any.
        brought: the libraries that need not be copied.

    Raises:
        GateError: a library is not on this machine.
        BuildError: patchelf fails.
        FilesError: the folder cannot be written.
    """
    bundle = _Bundle(brought)
    if not bundle.wanted(file):
        return file, []
    bundle.find_all(file, report, build_dir)
    bundle.name_copies()
    with writing_to(into):
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir(parents=True)
        copy = into / file.name
        shutil.copy(file, copy)
        _patch(copy, [*bundle.replacing(file), "--set-rpath", ":".join([_OWN_FOLDER, *run_path(Elf(file))])])
        return copy, [bundle.write(name, into) for name in sorted(bundle.found)]


@dataclass
class _Bundle:
    """The libraries to copy: where each was found, by the name that others need it by."""

    brought: Brought
    found: dict[str, Path] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)  # of the copies

    def wanted(self, file: Path) -> list[str]:
        """The libraries that the file needs and that nothing brings."""
        return [name for name in Elf(file).needed if self.brought.bringer_of(name) is None]

    def find_all(self, file: Path, report: LibraryReport, build_dir: Path) -> None:
        """Find what the file needs, and what that needs. A library's own run path counts before the link command."""
        told = link_command(build_dir, report.file, report.library, find_build_tools().ninja)
        linked = {_soname(one): one for one in reversed(told.files)}
        around = [*dict.fromkeys([one.parent for one in told.files]), *told.folders]
        pending = [(file, file.name, name) for name in self.wanted(file)]
        while pending:
            user, called, name = pending.pop(0)
            if name in self.found:
                continue
            own = [] if user == file else [*expanded_run_path(Elf(user)), user.resolve().parent]
            beside = next((folder / name for folder in own if (folder / name).is_file()), None)
            there = beside or linked.get(name) or find_library_file(name, around, find_compiler())
            if there is None:
                raise GateError(
                    f"{called} needs {name}, which is not found on this machine, so it cannot be bundled",
                    fix=f'Name its folder in LD_LIBRARY_PATH. If the image has it, say provides = ["{name}"].',
                )
            self.found[name] = there
            pending += [(there, name, other) for other in self.wanted(there)]

    def name_copies(self) -> None:
        """Name each copy with a part of the hash of all libraries that it brings along, itself among them."""
        hashes = {name: sha256_of(file) for name, file in self.found.items()}
        wanted = {name: set(self.wanted(file)) for name, file in self.found.items()}
        for name in self.found:
            along, pending = {name}, [name]
            while pending:
                others = wanted[pending.pop()] - along
                along |= others
                pending += others
            state = hashlib.sha256("".join(f"{one} {hashes[one]}\n" for one in sorted(along)).encode())
            stem, _, version = name.partition(".so")
            self.names[name] = f"{stem}-{state.hexdigest()[:_HASH_DIGITS]}.so{version}"

    def replacing(self, file: Path) -> list[str]:
        """The options of patchelf that let the file need copies."""
        return [part for name in self.wanted(file) for part in ("--replace-needed", name, self.names[name])]

    def write(self, name: str, into: Path) -> BundledRecord:
        """Write the copy of a library into the folder. It keeps no run path of this machine."""
        source = self.found[name]
        copy = into / self.names[name]
        shutil.copyfile(source, copy)
        copy.chmod(0o755)
        replacing = self.replacing(source)
        _patch(copy, ["--set-soname", copy.name, *replacing])
        _patch(copy, ["--set-rpath", _OWN_FOLDER] if replacing else ["--remove-rpath"])
        needs = {one: self.brought.bringer_of(one) or BESIDE for one in Elf(copy).needed}
        return BundledRecord(
            file=copy.name, library=name, size=copy.stat().st_size, sha256=sha256_of(copy), needs=needs
        )


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
