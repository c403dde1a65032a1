"""What an image has for a row of the table of base OSes: read from its files, without running anything in it."""

from __future__ import annotations

import json
import re
import shlex
import tarfile
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ovext.errors import EngineError, UnreadableFileError
from ovext.files import writing_to
from ovext.inspect.elf import Elf
from ovext.targets.base_os import FAMILIES, BaseOS
from ovext.targets.manylinux import numbers_of

if TYPE_CHECKING:
    from ovext.toolchain.engine import Engine

# Where the loader of a system for x86-64 looks by itself.
_FOLDERS = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "lib64", "usr/lib64", "lib", "usr/lib")
_LIBRARY = re.compile(r"(lib[\w.+-]+|ld-linux-x86-64)\.so(\.\d+)*")
_WITH_VERSIONS = {"libc.so.6": ("GLIBC",), "libstdc++.so.6": ("GLIBCXX", "CXXABI"), "libgcc_s.so.1": ("GCC",)}
_DOCKERFILES = {"usr/bin/apt-get": "ubuntu", "usr/bin/microdnf": "redhat", "usr/bin/dnf": "redhat"}
_X86_64 = re.compile(rb"\x7fELF\x02\x01.{10}\x03\x00\x3e\x00", re.DOTALL)  # the header of a shared library
_HEADER = 20  # bytes
_LARGEST = 64 << 20  # bytes of a library that is read
_LONGEST_CHAIN = 40  # links, as for Linux


def read_base_image(engine: Engine, image: str, name: str) -> BaseOS:
    """The row for an image that the engine has; its digest is in the row if a registry has given it one.

    Raises:
        EngineError: the image is not here, or is no system with glibc for x86-64.
        FilesError: there is no space for its files.
    """
    with tempfile.TemporaryDirectory(prefix="ovext-image-") as folder, writing_to(Path(folder)):
        archive = Path(folder, "image.tar")
        _export(engine, image, archive)
        with tarfile.open(archive) as tar:
            content = _Content(tar)
            versions = content.versions(Path(folder))
            found, dockerfile, title = content.libraries(), content.dockerfile(), content.title()
    if "GLIBC" not in versions:
        raise EngineError(f"the image {image} has no glibc for x86-64", fix="ovext builds for no other system.")
    return BaseOS.model_validate(
        {
            "id": name,
            "title": title or name,
            "glibc": versions["GLIBC"],
            **{column: versions[family] for column, family in FAMILIES.items() if family in versions},
            "libraries": found,
            "image": image if "@" in image else engine.with_digest(image),
            **({"dockerfile": dockerfile} if dockerfile else {}),
        }
    )


def to_toml(base: BaseOS) -> str:
    """The row as a project's pyproject.toml has it. A text of JSON is one of TOML."""
    words = "".join(f"    {json.dumps(name)},\n" for name in base.libraries)
    columns = ("id", "title", "glibc", "glibcxx", "cxxabi", "libgcc", "image", "dockerfile", "python", "cxx")
    lines = [f"{column} = {json.dumps(getattr(base, column), ensure_ascii=False)}" for column in columns]
    packages = ", ".join(map(json.dumps, base.packages))
    return "\n".join(["[[tool.ovext.base-os]]", *lines, f"packages = [{packages}]", f"libraries = [\n{words}]\n"])


def _export(engine: Engine, image: str, archive: Path) -> None:
    container = engine.create("--entrypoint", "/bin/true", image)
    try:
        exported = engine.ask("export", "--output", str(archive), container)
    finally:
        engine.ask("rm", "--force", container)
    if not exported.ok:
        raise EngineError(f"{engine.name} could not export {image}: {exported.complaint()}")


class _Content:
    """The files of an image."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._members = {str(PurePosixPath("/", member.name))[1:]: member for member in tar}

    def libraries(self) -> tuple[str, ...]:
        """The names by which the image's libraries are needed."""
        listed = {str(PurePosixPath(path).parent): set[str]() for path in self._members}
        for path in map(PurePosixPath, self._members):
            listed[str(path.parent)].add(path.name)
        folders = dict.fromkeys(filter(None, (self._real(folder) for folder in _FOLDERS)))
        ends = {
            name: self._real(f"{folder}/{name}")
            for folder in folders
            for name in listed.get(folder, ())
            if _LIBRARY.fullmatch(name)
        }
        found = {name: PurePosixPath(end).name for name, end in ends.items() if end and self._is_library(end)}
        # A link without the last digits is how a file is needed; one without any is for linkers.
        for_linkers = {name for name, end in found.items() if name.endswith(".so") and end.startswith(f"{name}.")}
        behind = {end for name, end in found.items() if end.startswith(f"{name}.") and name not in for_linkers}
        return tuple(sorted(found.keys() - for_linkers - behind))

    def versions(self, folder: Path) -> dict[str, str]:
        """The newest version of each family; `folder` is for the files that define them."""
        newest: dict[str, str] = {}
        for name, families in _WITH_VERSIONS.items():
            paths = (self._real(f"{one}/{name}") for one in _FOLDERS)
            path = next((one for one in paths if one and self._is_library(one)), None)
            defined = self._defined(path, folder / name) if path else []
            for family in families:
                numbers = [one.partition("_")[2] for one in defined if re.fullmatch(rf"{family}_\d+(\.\d+)*", one)]
                if numbers:
                    newest[family] = max(numbers, key=numbers_of)
        return newest

    def dockerfile(self) -> str | None:
        return next((name for path, name in _DOCKERFILES.items() if self._real(path)), None)

    def title(self) -> str:
        content = self._read("etc/os-release", 1 << 16).decode(errors="replace")
        value = next(iter(re.findall(r"^PRETTY_NAME=(.*)$", content, re.MULTILINE)), "")
        try:
            words = shlex.split(value)
        except ValueError:
            words = []
        return "".join(one for one in "".join(words[:1]) if one.isprintable())

    def _real(self, path: str) -> str | None:
        """The path with every link followed; None if there is nothing."""
        waiting, place = list(reversed(path.split("/"))), PurePosixPath("/")
        for _ in range(_LONGEST_CHAIN * 4):
            if not waiting:
                return str(place)[1:]
            step = waiting.pop()
            place = place.parent if step == ".." else place / step
            member = self._members.get(str(place)[1:])
            if member is not None and member.issym():
                target = PurePosixPath(member.linkname)
                place = PurePosixPath("/") if target.is_absolute() else place.parent
                waiting += [one for one in reversed(target.parts) if one != "/"]
            elif not waiting and member is None:
                return None
        return None

    def _file(self, path: str) -> tarfile.TarInfo | None:
        """The regular file at a real path, which may be one with several names."""
        member = self._members.get(path)
        if member is not None and member.islnk():
            member = self._members.get(str(PurePosixPath("/", member.linkname))[1:])
        return member if member is not None and member.isfile() else None

    def _read(self, path: str, most: int) -> bytes:
        real = self._real(path)
        member = self._file(real) if real else None
        file = self._tar.extractfile(member) if member else None
        return file.read(most) if file else b""

    def _is_library(self, path: str) -> bool:
        return bool(_X86_64.match(self._read(path, _HEADER)))

    def _defined(self, path: str, copy: Path) -> list[str]:
        copy.write_bytes(self._read(path, _LARGEST))
        try:
            return Elf(copy).defined_versions
        except UnreadableFileError:
            return []
