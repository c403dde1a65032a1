"""Compare an op's results with its reference. Hypothesis looks for the smallest case in which they differ."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import HypothesisException, Unsatisfiable

from ovext.errors import LibraryError
from ovext.proof.draw import trials

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ovext.proof.setting import Setting
    from ovext.proof.trial import Trial

    Ask = Callable[[str, Mapping[str, Any]], dict[str, Any]]
    """Answers a request for a task of the worker."""

_SECONDS_TO_SHRINK = 20.0
_FINITE = 1e300  # JSON has no infinity: the worker returns the largest number instead


class _DisagreementError(AssertionError):
    pass


@dataclass
class Tried:
    """The outcome of many trials. `failed` is the smallest one that failed, and `what` says how."""

    cases: int = 0
    absolute: float = 0.0
    relative: float = 0.0
    failed: Trial | None = None
    what: str = ""
    skipped: str = ""  # why the device could not compute a trial
    known: dict[str, str] = field(default_factory=dict)  # what was wrong with a trial, by its text

    def add(self, answer: dict[str, Any]) -> str:
        """Record the worker's answer to a trial. Returns what is wrong with it."""
        if "skipped" in answer:
            self.skipped = answer["skipped"]
            return ""
        self.cases += 1
        results = answer["results"]
        for one in results:
            if "absolute" in one:
                self.absolute = max(self.absolute, one["absolute"])
                self.relative = max(self.relative, one["relative"])
        return next((_difference(one) for one in results if not one["agrees"]), "")


def _difference(result: dict[str, Any]) -> str:
    where = f"{result['how']}, output {result['output']}"
    if "shape" in result:
        return f"{where}: the shape is {result['shape']}"
    absolute, relative = result["absolute"], result["relative"]
    error = f"off by {absolute:.2g} (relative {relative:.2g})" if absolute < _FINITE else "infinite or not a number"
    return f"{where}: {error}; {result['wrong']} of {result['elements']} elements wrong, the worst {result['worst']}"


def try_given(ask: Ask, setting: Setting, trials_given: Sequence[Trial]) -> Tried:
    """Try these trials, up to the first that fails."""
    tried = Tried()
    for trial in trials_given:
        if what := _wrong(ask, setting, trial, tried):
            tried.failed, tried.what = trial, what
            break
    return tried


def _wrong(ask: Ask, setting: Setting, trial: Trial, tried: Tried) -> str:
    """What is wrong with a trial, including the death of its process; empty if nothing is."""
    try:
        return tried.add(ask(setting.task, setting.request(trial)))
    except LibraryError as error:
        tried.cases += 1
        return error.what or "it failed without a message"


def try_drawn(ask: Ask, setting: Setting, tried: Tried, *, examples: int, seed_of_run: int) -> None:
    """Let hypothesis draw trials, and after a failure look for a smaller one for a limited time."""
    end = math.inf

    def check(trial: Trial) -> None:
        nonlocal end
        text = trial.to_json()
        is_over = time.monotonic() > end
        if text not in tried.known:
            # At its end, Hypothesis tries the smallest failure again: that must fail again, even after the time limit.
            tried.known[text] = "" if is_over else _wrong(ask, setting, trial, tried)
        if what := tried.known[text]:
            tried.failed, tried.what = trial, what
            end = min(end, time.monotonic() + _SECONDS_TO_SHRINK)
            raise _DisagreementError(what)

    run = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
    )(seed(seed_of_run)(given(trials(setting.op))(check)))
    try:
        run()
    except Unsatisfiable:
        pass  # the description leaves nothing to draw but its cases
    except (_DisagreementError, HypothesisException):
        if tried.failed is None:
            raise
