"""Inspect what the user names: a library, or each library of a wheel or a folder, as a whole."""

from __future__ import annotations

import lzma
import re
import tempfile
import zipfile
import zlib
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from ovext.errors import UnreadableFileError
from ovext.files import is_file
from ovext.inspect.elf import Elf
from ovext.inspect.library import inspect_library
from ovext.inspect.limits import Limits, children_seconds, within_limits
from ovext.inspect.report import FileReport, Unreadable
from ovext.inspect.strings import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovext.inspect.library import InspectionRequest

Kind = Literal["auto", "extension", "library"]
_FOREIGN = (".dll", ".pyd", ".dylib")
_LIBRARY = re.compile(r"\.so(\.|$)")
_BLOCK = 1 << 20
_LIBRARIES_IN_A_SECOND = 10
_MOST_LIBRARIES = 500  # of a wheel
_DAMAGED = (
    *(OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError),
    *(zlib.error, lzma.LZMAError, OverflowError),
)


@dataclass(frozen=True)
class _Member:
    """A file to inspect, and its name in what the user named."""

    file: Path
    shown: Path
    problem: str = ""  # why it could not be unpacked or read

    @property
    def size(self) -> int:
        return self.file.stat().st_size if is_file(self.file) else 0


def inspect_files(path: Path, request: InspectionRequest, kind: Kind = "auto") -> list[FileReport | Unreadable]:
    """A report on the library, or on each library of the wheel or folder.

    Args:
        path: a library, a wheel or a folder.
        request: what they are inspected for.
        kind: whether each must have an entry point. With "auto", a wheel's or folder's library needs none if another of
            its libraries has one or needs this one, or if it is a Python module.

    Raises:
        UnreadableFileError: the path does not exist, is none of these, or contains no library; or it is one file that
            cannot be inspected.
    """
    with ExitStack() as stack:
        if path.suffix == ".whl" and not path.is_dir():
            root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ovext-")))
            members = list(_unpacked(path, root))
        elif path.is_dir():
            root = path
            found = sorted(one for one in path.rglob("*") if _may_be_library(one.name) and is_file(one))
            inside = (one for one in found if not one.is_symlink() or one.resolve().is_relative_to(path.resolve()))
            members = [member for one in inside if (member := _member(one, one))]
        else:
            report = _limited(_Member(path, path), request)
            if isinstance(report, Unreadable):
                raise UnreadableFileError(report.problem, where=path)
            return [report.as_library() if kind == "library" else report]
        if not members:
            raise UnreadableFileError("there is no library in it", where=path)
        reports = list(_reports(members, replace(request, root=root)))
    return _as_a_whole(reports, kind)


def _reports(members: list[_Member], request: InspectionRequest) -> Iterator[FileReport | Unreadable]:
    """A report on each, as long as all together keep the limit of time."""
    sizes = sum(member.size for member in members)
    seconds = Limits.of_size(sizes).seconds + len(members) // _LIBRARIES_IN_A_SECOND
    begin = children_seconds()
    for member in members:
        if children_seconds() - begin > seconds:
            problem = f"the files before it took {seconds} s of processor time, the limit for all together"
            yield Unreadable(_shown(member), problem)
        else:
            yield _limited(member, request)


def _shown(member: _Member) -> str:
    return printable(str(member.shown), longest=4096)


def _limited(member: _Member, request: InspectionRequest) -> FileReport | Unreadable:
    shown = _shown(member)
    if member.problem:
        return Unreadable(shown, member.problem)
    try:
        report = within_limits(lambda: inspect_library(Elf(member.file), request), Limits.of_size(member.size))
    except UnreadableFileError as error:
        return Unreadable(shown, error.what)
    return replace(report, file=shown)


def _as_a_whole(reports: list[FileReport | Unreadable], kind: Kind) -> list[FileReport | Unreadable]:
    """The reports, without entry points expected of libraries that help others."""
    if kind == "extension":
        return reports
    read = [one for one in reports if isinstance(one, FileReport)]
    needed = {one.library for report in read for one in report.needed}
    extensions = [one for one in read if _has_entry(one)]
    is_package = bool(extensions) or any(one.is_python_module for one in read)

    def needs_none(one: FileReport) -> bool:
        names = {one.soname, Path(one.file).name}
        return kind == "library" or (not _has_entry(one) and (is_package or bool(names & needed)))

    return [one.as_library() if isinstance(one, FileReport) and needs_none(one) else one for one in reports]


def _has_entry(report: FileReport) -> bool:
    return not any(finding.code == "no-entry-point" for finding in report.findings)


def _unpacked(wheel: Path, folder: Path) -> Iterator[_Member]:
    """The libraries of a wheel, unpacked below a folder, within limits."""
    if not wheel.is_file():
        problem = (
            "this is not a regular file" if wheel.exists() else "the file cannot be read: No such file or directory"
        )
        raise UnreadableFileError(problem, where=wheel)
    left = Limits.of_size(wheel.stat().st_size).unpacked
    try:
        with zipfile.ZipFile(wheel) as archive:
            # Of members with the same name, the last one is installed.
            members = list({one.filename: one for one in archive.infolist() if _is_wanted(one)}.values())
            if len(members) > _MOST_LIBRARIES:
                raise UnreadableFileError(f"the wheel has {len(members):,} libraries, more than are inspected")
            for member in members:
                file = folder.joinpath(*PurePosixPath(member.filename).parts)
                try:
                    file.parent.mkdir(parents=True, exist_ok=True)
                    left -= _unpack(archive, member, file, left)
                except _DAMAGED as error:
                    yield _Member(file, wheel / member.filename, f"it cannot be unpacked: {_cause(error)}")
                    continue
                if found := _member(file, wheel / member.filename):
                    yield found
    except _DAMAGED as error:
        raise UnreadableFileError(f"the wheel cannot be read: {_cause(error)}", where=wheel) from None


def _is_wanted(member: zipfile.ZipInfo) -> bool:
    """Whether it may be a library, and its name leads nowhere else."""
    name = PurePosixPath(member.filename)
    is_inside = not name.is_absolute() and ".." not in name.parts and "\0" not in member.filename
    return _may_be_library(name.name) and is_inside and not member.is_dir()


def _cause(error: Exception) -> str:
    return printable(str(error) or type(error).__name__)


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, file: Path, left: int) -> int:
    """Unpack one member; returns its size."""
    size = 0
    with archive.open(member) as source, file.open("wb") as target:
        while block := source.read(_BLOCK):
            size += len(block)
            if size > left:
                raise UnreadableFileError(
                    f"the wheel unpacks to more than {left:,} bytes, the limit for its size", where=archive.filename
                )
            target.write(block)
    return size


def _may_be_library(name: str) -> bool:
    return _LIBRARY.search(name) is not None or name.endswith(_FOREIGN)


def _member(file: Path, shown: Path) -> _Member | None:
    """The file, if it begins as a library of any system does, or cannot be read."""
    try:
        with file.open("rb") as opened:
            begin = opened.read(4)
    except OSError as error:
        return _Member(file, shown, f"the file cannot be read: {error.strerror}")
    return _Member(file, shown) if begin == b"\x7fELF" or file.name.endswith(_FOREIGN) else None
