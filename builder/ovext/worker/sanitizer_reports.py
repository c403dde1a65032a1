"""What sanitizers write about a process: the reports that are about the library, and the frames with a source."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_START = re.compile(r"(ERROR|WARNING): \w+Sanitizer: |: runtime error: ")
_FRAME = re.compile(r"\s*#\d+ (?P<function>.*) (?P<place>\S+\.\w+:\d+(:\d+)?)( \(.*)?$")
_ACCESS = re.compile(r"\s*(previous )?(atomic )?(read|write) of size ", re.IGNORECASE)
_ANY_FRAME = re.compile(r"\s*#\d+ ")
_PREFIX = re.compile(r"^=*\d*=*")
_STANDARD = re.compile(r"/libsanitizer/|/include/c\+\+/")  # where a report starts, but seldom what it is about
# Code of others that is compiled into a library. ThreadSanitizer does not see how its threads wait for each other.
_OF_OTHERS = re.compile(r"(openvino/(oneapi/)?(tbb|openvino)/|/include/(tbb|oneapi|openvino)/)")
_MOST_FRAMES = 8
_LONGEST = 160  # characters of a function's name


def first_report(output: str) -> str:
    """The first report in a sanitizer's output that is about the library's own code; empty if there is none."""
    lines = output.splitlines()
    starts = [number for number, line in enumerate(lines) if _START.search(line)]
    for start, end in itertools.pairwise([*starts, len(lines)]):
        if _is_about_library(lines[start:end]):
            return _shortened(lines[start:end])
    return ""


def _is_about_library(report: Sequence[str]) -> bool:
    """Whether a race is between two places in code with a source that is not TBB's; all other reports count."""
    if "ThreadSanitizer: " not in report[0]:
        return True
    accesses = _accesses(report)
    return bool(accesses) and all(places and not _OF_OTHERS.search(places[0]) for places in accesses)


def _accesses(report: Sequence[str]) -> list[list[str]]:
    """For each access of a race, the places in its stack, without those in the standard library."""
    accesses: list[list[str]] = []
    is_access = False
    for line in report:
        frame = _FRAME.match(line)
        if _ACCESS.match(line):
            accesses.append([])
            is_access = True
        elif frame is None:
            is_access = is_access and bool(_ANY_FRAME.match(line))
        elif is_access and not _STANDARD.search(frame["place"]):
            accesses[-1].append(frame["place"])
    return accesses


def _shortened(report: Sequence[str]) -> str:
    frames = [
        frame
        for line in report[1:]
        if (frame := _FRAME.match(line)) and not (_OF_OTHERS.search(frame["place"]) or _STANDARD.search(frame["place"]))
    ]
    told = [f"{frame['function'][:_LONGEST]} at {frame['place']}" for frame in frames]
    return "\n  ".join([_PREFIX.sub("", report[0]).strip(), *dict.fromkeys(told[:_MOST_FRAMES])])
