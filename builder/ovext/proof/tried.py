"""What is wrong with a trial, and the outcome of many."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ovext.errors import (
    CannotEmulateError,
    LibraryError,
    ReferenceFailedError,
    ReferenceTooSlowError,
    WorkerDiedError,
)
from ovext.proof.report import Point

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ovext.proof.setting import Setting
    from ovext.proof.trial import Trial

    Ask = Callable[[str, Mapping[str, Any]], dict[str, Any]]
    """Answers a request for a task of the worker."""
    Failed = tuple[Trial, "Wrong"]

_SLOW = 3.0  # seconds of a reference, after which no larger case is tried
_CLOSE = 1e-2  # a relative error that may be a matter of tolerance
_TOLERANCE = (
    "If that is no mistake: [test.tolerances] says how far results may be off; long sums are more exact in double."
)


@dataclass(frozen=True)
class Wrong:
    """What is wrong with a trial, and the check that found it."""

    check: str
    what: str
    is_alone: bool = True  # whether it is wrong in a model of its own, too


@dataclass
class Tried:
    """The outcome of many trials. `failed` is the smallest one that failed, and `wrong` says how."""

    cases: int = 0
    answers: int = 0  # cases in which the process did not die
    absolute: float = 0.0
    relative: float = 0.0
    points: list[Point] = field(default_factory=list)
    failed: Trial | None = None
    wrong: Wrong | None = None
    skipped: str = ""  # why the device could not compute a trial
    note: str = ""  # what was left out
    largest: float = math.inf  # elements; the reference is too slow for more
    known: dict[str, Wrong | None] = field(default_factory=dict)  # by the trial's text

    def add(self, answer: dict[str, Any], elements: int = 0) -> Wrong | None:
        """Record the worker's answer to a trial. Returns what is wrong with it."""
        if "skipped" in answer:
            self.skipped = answer["skipped"]
            return None
        self.look_at_time(answer, elements)
        self.cases += 1
        self.answers += 1
        results = answer["results"]
        numbers = [one for one in results if "absolute" in one]
        self.absolute = max([self.absolute, *(one["absolute"] for one in numbers)])
        self.relative = max([self.relative, *(one["relative"] for one in numbers)])
        if numbers:
            self.points.append(Point(elements, max(one["of_tolerance"] for one in numbers)))
        return wrong_in(answer)

    def look_at_time(self, answer: dict[str, Any], elements: int) -> None:
        if (seconds := answer.get("reference_seconds", 0.0)) > _SLOW:
            self.reference_is_slow(f"The reference took {seconds:.1f} s for {elements:,} elements", elements)

    def cannot_emulate(self, what: str, elements: int) -> None:
        """Record that an emulated CPU cannot compute a trial; larger ones are not tried."""
        self.largest = min(self.largest, elements - 1)
        self.skipped = what
        self.note = f"{what}, so cases of {elements:,} elements and more were left out"

    def reference_is_slow(self, what: str, elements: int) -> None:
        self.largest = min(self.largest, elements)
        self.note = f"{what}, so larger cases were left out: `largest` in [test] bounds them, --timeout the time"


def wrong_in(answer: dict[str, Any]) -> Wrong | None:
    """The first thing that is wrong by the worker's answer to a trial."""
    return next((Wrong(one["check"], _difference(one)) for one in answer["results"] if not one["agrees"]), None)


def _difference(result: dict[str, Any]) -> str:
    where = f"{result.get('how', '')}, output {result.get('output')}".removeprefix(", ")
    if "problem" in result:
        return f"{where}: {result['problem']}" if "output" in result else str(result["problem"])
    if "shape" in result:
        return f"{where}: the shape is {result['shape']}"
    text = f"{where}: {result['wrong']} of {result['elements']} elements wrong, the worst {result['worst']}"
    is_close = result["relative"] < _CLOSE
    return f"{text}\n{_TOLERANCE}" if is_close else text


def try_one(ask: Ask, setting: Setting, trial: Trial, tried: Tried) -> Wrong | None:
    """What is wrong with a trial, including the death of its process; None if nothing is."""
    answer = asked(ask, setting, trial, tried)
    return tried.add(answer, trial.elements) if isinstance(answer, dict) else answer


def asked(ask: Ask, setting: Setting, trial: Trial, tried: Tried, **more: Any) -> dict[str, Any] | Wrong | None:
    """The worker's answer to a trial, or what is wrong if it has none. None if the trial cannot be computed here."""
    elements = trial.elements
    try:
        return ask(setting.task, {**setting.request(trial), **more})
    except CannotEmulateError as error:
        tried.cannot_emulate(error.what, elements)
        return None
    except ReferenceTooSlowError as error:
        tried.reference_is_slow(f"For {elements:,} elements, {error.what}", elements - 1)
        return None
    except LibraryError as error:
        tried.cases += 1
        return wrong_of(error, "numbers")


def wrong_of(error: LibraryError, check: str) -> Wrong:
    """What an error in a check says is wrong."""
    if isinstance(error, WorkerDiedError):
        return Wrong(error.ended, error.what)
    is_reference = isinstance(error, ReferenceFailedError)
    return Wrong("reference" if is_reference else check, error.what or "it failed without a message")
