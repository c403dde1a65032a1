"""Compare an op's results with its reference, case by case, and look for the smallest case that fails."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ovext.proof.groups import Group
from ovext.proof.shrink import smaller_cases
from ovext.proof.tried import Tried, try_one

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ovext.proof.plan import PlannedCase
    from ovext.proof.setting import Setting
    from ovext.proof.trial import Trial
    from ovext.proof.tried import Ask, Failed

_SECONDS_TO_SHRINK = 20.0


def try_given(ask: Ask, setting: Setting, trials: Sequence[Trial], *, together: bool = False) -> Tried:
    """Try these trials, up to the first that fails. With `together`, the plugin infers several in one model."""
    tried = Tried()
    if failed := _first_failed(ask, setting, tried, trials, together=together):
        tried.failed, tried.wrong = failed
    return tried


def try_planned(
    ask: Ask, setting: Setting, tried: Tried, cases: Sequence[PlannedCase], *, together: bool = False
) -> None:
    """Try these cases from the smallest on. After a failure, look for a smaller one for a limited time."""
    by_size = sorted(cases, key=lambda one: one.trial.elements)
    possible = (one.trial for one in by_size if one.trial.elements <= tried.largest and not setting.obstacle(one.trial))
    if failed := _first_failed(ask, setting, tried, possible, together=together):
        tried.failed, tried.wrong = failed
    if failed and failed[1].is_alone:
        _shrink(ask, setting, tried, next(one for one in by_size if one.trial == tried.failed))


def _first_failed(
    ask: Ask, setting: Setting, tried: Tried, trials: Iterable[Trial], *, together: bool
) -> Failed | None:
    groups = {is_dynamic: Group(ask, setting, tried) for is_dynamic in (False, True)}
    for trial in trials:
        if together:
            failed = groups[trial.before is not None].add(trial)
        else:
            wrong = try_one(ask, setting, trial, tried)
            failed = (trial, wrong) if wrong else None
        if failed:
            return failed
    return next(filter(None, (group.finish() for group in groups.values())), None)


def _shrink(ask: Ask, setting: Setting, tried: Tried, case: PlannedCase) -> None:
    """Replace the failed trial by simpler ones that the same check finds, until there is none."""
    end = time.monotonic() + _SECONDS_TO_SHRINK
    smallest: PlannedCase | None = case
    while smallest is not None:
        candidates, smallest = smaller_cases(setting.op, smallest), None
        for candidate in candidates:
            text = candidate.trial.to_json()
            if time.monotonic() > end:
                return
            if text not in tried.known:
                tried.known[text] = try_one(ask, setting, candidate.trial, tried)
            wrong = tried.known[text]
            if wrong is not None and tried.wrong is not None and wrong.check == tried.wrong.check:
                tried.failed, tried.wrong, smallest = candidate.trial, wrong, candidate
                break
