"""Inspect what the user names: a library, or each library of a wheel or a folder, as a whole."""

from __future__ import annotations

import lzma
import tempfile
import zipfile
import zlib
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from ovext.errors import UnreadableFileError
from ovext.inspect.elf import Elf
from ovext.inspect.library import inspect_library
from ovext.inspect.limits import Limits, within_limits
from ovext.inspect.report import FileReport, Unreadable
from ovext.inspect.strings import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovext.inspect.library import InspectionRequest

Kind = Literal["auto", "extension", "library"]
_FOREIGN = (".dll", ".pyd", ".dylib")
_BLOCK = 1 << 20
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
    problem: str = ""  # why it could not be unpacked


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
            found = sorted(one for one in path.rglob("*") if _may_be_library(one.name) and one.is_file())
            members = [_Member(one, one) for one in found if _is_library(one)]
        else:
            report = _limited(_Member(path, path), request)
            if isinstance(report, Unreadable):
                raise UnreadableFileError(report.problem, where=path)
            return [report.as_library() if kind == "library" else report]
        if not members:
            raise UnreadableFileError("there is no library in it", where=path)
        reports = [_limited(member, replace(request, root=root)) for member in members]
    return _as_a_whole(reports, kind)


def _limited(member: _Member, request: InspectionRequest) -> FileReport | Unreadable:
    shown = printable(str(member.shown), longest=4096)
    if member.problem:
        return Unreadable(shown, member.problem)
    try:
        size = member.file.stat().st_size if member.file.is_file() else 0
        report = within_limits(lambda: inspect_library(Elf(member.file), request), Limits.of_size(size))
    except UnreadableFileError as error:
        return Unreadable(shown, error.what)
    except OSError as error:
        return Unreadable(shown, f"the file cannot be read: {error.strerror}")
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
            members = [one for one in archive.infolist() if _is_wanted(one)]
            if len(members) > _MOST_LIBRARIES:
                raise UnreadableFileError(f"the wheel has {len(members):,} libraries, more than are inspected")
            for member in members:
                file = folder.joinpath(*PurePosixPath(member.filename).parts)
                file.parent.mkdir(parents=True, exist_ok=True)
                try:
                    left -= _unpack(archive, member, file, left)
                except _DAMAGED as error:
                    yield _Member(file, wheel / member.filename, f"it cannot be unpacked: {_cause(error)}")
                    continue
                if _is_library(file):
                    yield _Member(file, wheel / member.filename)
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
    return ".so" in name or name.endswith(_FOREIGN)


def _is_library(file: Path) -> bool:
    """Whether the file begins as a library of any system does."""
    try:
        with file.open("rb") as opened:
            begin = opened.read(4)
    except OSError as error:
        raise UnreadableFileError(f"the file cannot be read: {error.strerror}", where=file) from None
    return begin == b"\x7fELF" or file.name.endswith(_FOREIGN)
