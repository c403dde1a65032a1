"""The errors of ovext and its exit codes: one class per situation, one code per kind.

Only the CLI catches an OvextError. Its text says what happened, where, and what to do.
"""

from __future__ import annotations

import difflib
import os
import re
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from typing_extensions import Self

_FULL_DISK = "No space left on device"
_FULL = 1 << 20  # bytes; with fewer free, tools fail in ways that do not name the disk
# An error line of a compiler or a linker.
_SAID = re.compile(r"(?:.*[ :])?error: (.+)|(.*undefined reference to .+)")


class ExitCode(IntEnum):
    """The exit codes of the command `ovext`; MEANINGS explains each."""

    OK = 0
    FAILED = 1
    USAGE = 2
    PROJECT = 3
    TOOL = 4
    OPENVINO = 5
    MODEL = 6
    LIBRARY = 7
    FILES = 8
    ENGINE = 9
    HUNG_UP = 129
    INTERRUPTED = 130
    NOT_READ = 141
    TERMINATED = 143


# docs/cli.md shows this table.
MEANINGS = {
    ExitCode.OK: "everything that was requested was done",
    ExitCode.FAILED: "a build failed, or a check found something",
    ExitCode.USAGE: "wrong usage: an unknown option, base OS, instruction set or engine; a file that is no library",
    ExitCode.PROJECT: "the extension project is missing, unreadable or contradicts itself",
    ExitCode.TOOL: "a tool is missing, too old or hangs: compiler, CMake, Ninja",
    ExitCode.OPENVINO: "the OpenVINO asked for does not exist or cannot be fetched",
    ExitCode.MODEL: "a model file is missing, is no OpenVINO IR, or lacks the layer",
    ExitCode.LIBRARY: "a library is missing or OpenVINO cannot load it",
    ExitCode.FILES: "a file or folder cannot be written, or the disk is full",
    ExitCode.ENGINE: "a container engine is missing or not running, or an image is not available",
    ExitCode.HUNG_UP: "ended by SIGHUP, as when its terminal is closed",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C",
    ExitCode.NOT_READ: "the program that reads the output ended first, as `head` does",
    ExitCode.TERMINATED: "ended by SIGTERM",
}


class OvextError(Exception):
    """Something the user can act on.

    Args:
        what: what happened, one sentence.
        where: the file, or file:line, that it is about.
        fix: what to do about it, one sentence.
    """

    exit_code: ExitCode = ExitCode.FAILED

    def __init__(self, what: str, *, where: str | Path | None = None, fix: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix

    @classmethod
    def of_several(cls, problems: list[OvextError]) -> OvextError:
        """One error with the texts of all `problems`, and the exit code of the first."""
        if len(problems) == 1:
            return problems[0]
        together = OvextError("\n".join(str(problem) for problem in problems))
        together.exit_code = problems[0].exit_code
        return together

    @property
    def cause(self) -> str:
        """What happened, in one line."""
        first, *more = self.what.splitlines() or [""]
        return f"{first} {more[0].lstrip(' -')}" if more and first.endswith(":") else first

    def to_json(self) -> dict[str, Any]:
        """The whole error as JSON data, for `from_json`."""
        where = None if self.where is None else str(self.where)
        return {
            "class": type(self).__name__,
            "what": self.what,
            "where": where,
            "fix": self.fix,
            "exit_code": self.exit_code,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The error from what `to_json` returned."""
        error = cls.__new__(cls)
        OvextError.__init__(error, data["what"], where=data["where"], fix=data["fix"])
        error.exit_code = ExitCode(data["exit_code"])
        return error

    def __str__(self) -> str:
        place = f"{_without_controls(str(self.where))}: " if self.where is not None else ""
        return place + self.what + (f"\n{self.fix}" if self.fix else "")


def _without_controls(name: str) -> str:
    """The name of a file without what a terminal acts upon; bytes that are no text stay (PEP 383)."""
    return "".join(one if _is_harmless(one) else one.encode("unicode_escape").decode() for one in name)


def _is_harmless(letter: str) -> bool:
    return letter.isprintable() or "\udc80" <= letter <= "\udcff"


class UsageError(OvextError):
    """A wrong value on the command line."""

    exit_code = ExitCode.USAGE


class UnknownNameError(UsageError):
    """A name that is not in a closed list."""

    def __init__(self, kind: str, name: str, allowed: Iterable[str], extra: str = "") -> None:
        allowed = list(allowed)
        super().__init__(
            f"unknown {kind} '{name}'{nearest(name, allowed)}", fix=f"Allowed: {', '.join(allowed)}{extra}."
        )


class ProjectError(OvextError):
    """The extension project cannot be used as it is."""

    exit_code = ExitCode.PROJECT


class ToolError(OvextError):
    """A tool that the work needs is missing or too old."""

    exit_code = ExitCode.TOOL


class EngineError(OvextError):
    """A container engine cannot be used, or has no image to use."""

    exit_code = ExitCode.ENGINE


class GateError(OvextError):
    """A library was built, but would not load or would crash on its target."""


class OpenVINOError(OvextError):
    """The requested OpenVINO is not available."""

    exit_code = ExitCode.OPENVINO


def _is_full(folder: Path) -> bool:
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < _FULL


class BuildError(OvextError):
    """CMake or the compiler failed. `output` is what they printed."""

    def __init__(self, what: str, *, output: str, log: Path, fix: str | None = None) -> None:
        super().__init__(what, fix=fix)
        self.output = output
        self.log = log
        if _FULL_DISK in output or _is_full(log.parent):
            self.fix = f"The disk is full: free some space for {log.parent}."
            self.exit_code = ExitCode.FILES

    @property
    def cause(self) -> str:
        """The first error in the output."""
        lines = [line.strip() for line in self.output.splitlines()]
        for at, line in enumerate(lines):
            if match := _SAID.match(line):
                return match[1] or match[2]
            if line.startswith("CMake Error"):  # CMake prints the location first, the problem below it
                return next((below for below in lines[at + 1 :] if below), line)
        return super().cause

    def to_json(self) -> dict[str, Any]:
        return {**super().to_json(), "output": self.output, "log": str(self.log)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        error = super().from_json(data)
        error.output, error.log = data["output"], Path(data["log"])
        return error

    def __str__(self) -> str:
        return f"{self.output.rstrip()}\n\n{super().__str__()}\nThe whole output is in {self.log}."


class ImageError(BuildError):
    """A container engine could not make the builder image."""

    exit_code = ExitCode.ENGINE


class ModelError(OvextError):
    """A model file cannot be used."""

    exit_code = ExitCode.MODEL


class LibraryError(OvextError):
    """An extension library is missing or does not load."""

    exit_code = ExitCode.LIBRARY


class WorkerDiedError(LibraryError):
    """The process that had loaded a library crashed or hung; the text says what it was doing.

    `ended` is `crash`, `hang`, `sanitizer`, or `ends` if it touched memory beyond the end of a tensor.
    """

    ended: str = "crash"


class ReferenceFailedError(LibraryError):
    """The reference of an op failed."""


class ReferenceTooSlowError(LibraryError):
    """The reference of an op was ended because it took too long."""


class CannotEmulateError(LibraryError):
    """A library does what an emulated CPU cannot do."""


class NoLibraryError(LibraryError):
    """No library was built yet, and none was named."""


class UnreadableFileError(OvextError):
    """A file to inspect is not a library for this architecture, or is damaged."""

    exit_code = ExitCode.USAGE


class FilesError(OvextError):
    """A file or folder cannot be written."""

    exit_code = ExitCode.FILES


def nearest(name: str, allowed: Iterable[str]) -> str:
    """A hint with the allowed word closest to `name`, ignoring case; empty if no word is close."""
    by_folded = {word.casefold(): word for word in allowed}
    matches = difflib.get_close_matches(name.casefold(), list(by_folded), n=1)
    return f" (did you mean '{by_folded[matches[0]]}'?)" if matches else ""
