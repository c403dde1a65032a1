"""What an image has for a row of the table of base OSes: read from its files, without running anything in it."""

from __future__ import annotations

import re
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from ovext.errors import EngineError
from ovext.files import writing_to
from ovext.inspect.elf import Elf
from ovext.targets.base_os import BaseOS
from ovext.targets.manylinux import numbers_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ovext.toolchain.engine import Engine

# Where the loader of a system for x86-64 looks by itself; /lib and /lib64 are links to these, or hold the same.
_FOLDERS = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "lib64", "usr/lib64", "lib", "usr/lib")
_LIBRARY = re.compile(r"(lib[\w.+-]+|ld-linux-x86-64)\.so(\.\d+)*")
_WITH_VERSIONS = {"libc.so.6": ("GLIBC",), "libstdc++.so.6": ("GLIBCXX", "CXXABI"), "libgcc_s.so.1": ("GCC",)}
_KEPT = re.compile(r"libc[.-]|libstdc\+\+\.so\.6|libgcc_s[.-]")  # the files that have versions
_DOCKERFILES = {"usr/bin/apt-get": "ubuntu", "usr/bin/microdnf": "redhat"}
_LARGEST = 64 << 20  # bytes of a library that is read
_PIECE = 1 << 20


@dataclass
class _Content:
    """The files of an image that matter."""

    libraries: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)  # of libraries, by name
    dockerfile: str | None = None
    title: str = ""

    def sonames(self) -> tuple[str, ...]:
        """The names by which a library is needed: not those of files to which a link without the last digits leads."""
        behind = {end for name, end in self.links.items() if end.startswith(f"{name}.")}
        return tuple(sorted(self.libraries - behind))


def read_base_image(engine: Engine, image: str, name: str) -> BaseOS:
    """The row for an image that the engine has; its digest is in the row if a registry has given it one.

    Raises:
        EngineError: the image is not here, or is no system with glibc for x86-64.
        FilesError: there is no space for its C and C++ libraries.
    """
    with tempfile.TemporaryDirectory(prefix="ovext-image-") as folder, writing_to(Path(folder)):
        content = _content_of(engine, image, Path(folder))
        versions = _versions(content, Path(folder))
    if "GLIBC" not in versions:
        raise EngineError(f"the image {image} has no glibc for x86-64", fix="ovext builds for no other system.")
    columns = {"glibcxx": "GLIBCXX", "cxxabi": "CXXABI", "libgcc": "GCC"}
    return BaseOS.model_validate(
        {
            "id": name,
            "title": content.title or name,
            "glibc": versions["GLIBC"],
            **{column: versions[family] for column, family in columns.items() if family in versions},
            "libraries": content.sonames(),
            "image": image if "@" in image else engine.with_digest(image),
            **({"dockerfile": content.dockerfile} if content.dockerfile else {}),
        }
    )


def to_toml(base: BaseOS) -> str:
    """The row as a project's pyproject.toml has it."""
    words = "".join(f'    "{name}",\n' for name in base.libraries)
    columns = ("id", "title", "glibc", "glibcxx", "cxxabi", "libgcc", "image", "dockerfile", "python", "cxx")
    lines = [f'{column} = "{getattr(base, column)}"' for column in columns]
    packages = ", ".join(f'"{one}"' for one in base.packages)
    return "\n".join(["[[tool.ovext.base-os]]", *lines, f"packages = [{packages}]", f"libraries = [\n{words}]\n"])


def _content_of(engine: Engine, image: str, folder: Path) -> _Content:
    """The image's content; the libraries that have versions are copied into the folder."""
    created = engine.ask("create", "--entrypoint", "/bin/true", image)
    if not created.ok:
        raise EngineError(f"{engine.name} could not make a container: {created.complaint()}")
    container = created.output.strip().splitlines()[-1]
    archive = folder / "image.tar"
    exported = engine.ask("export", "--output", str(archive), container)
    engine.ask("rm", "--force", container)
    if not exported.ok:
        raise EngineError(f"{engine.name} could not export {image}: {exported.complaint()}")
    content = _Content()
    with tarfile.open(archive) as tar:
        for member in tar:
            _take(member, tar.extractfile(member) if member.isfile() else None, content, folder)
    return content


def _take(member: tarfile.TarInfo, file: IO[bytes] | None, content: _Content, folder: Path) -> None:
    path = PurePosixPath(member.name.removeprefix("./").removeprefix("/"))
    if str(path) in _DOCKERFILES:
        content.dockerfile = content.dockerfile or _DOCKERFILES[str(path)]
    if str(path) in {"etc/os-release", "usr/lib/os-release"} and file is not None:
        text = file.read(_PIECE).decode(errors="replace")
        content.title = next(iter(re.findall(r'^PRETTY_NAME="?([^"\n\\]*)"?$', text, re.MULTILINE)), content.title)
    if str(path.parent) not in _FOLDERS or not _LIBRARY.fullmatch(path.name):
        return
    content.libraries.add(path.name)
    if member.issym() or member.islnk():
        content.links[path.name] = PurePosixPath(member.linkname).name
    elif file is not None and _KEPT.match(path.name) and member.size <= _LARGEST:
        (folder / path.name).write_bytes(file.read())


def _versions(content: _Content, folder: Path) -> dict[str, str]:
    """The newest version of each family."""
    newest: dict[str, str] = {}
    for name, families in _WITH_VERSIONS.items():
        file = folder / _end_of(name, content.links)
        defined = Elf(file).defined_versions if file.is_file() else ()
        for family in families:
            found = [one.partition("_")[2] for one in defined if re.fullmatch(rf"{family}_\d+(\.\d+)*", one)]
            if found:
                newest[family] = max(found, key=numbers_of)
    return newest


def _end_of(name: str, links: Mapping[str, str]) -> str:
    for _ in range(8):
        name = links.get(name, name)
    return name
