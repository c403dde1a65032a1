"""Trials that the CPU plugin infers in one model, which it compiles in nearly the time of a model of one op."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from ovext.errors import LibraryError
from ovext.proof.tried import Wrong, asked, try_one, wrong_in, wrong_of

if TYPE_CHECKING:
    from ovext.proof.setting import Setting
    from ovext.proof.trial import Trial
    from ovext.proof.tried import Ask, Failed, Tried

_MOST = 16  # trials
_MOST_BYTES = 1 << 26  # that the worker keeps of them
_MOST_SECONDS = 1.0  # that they took without the plugin
_names = count()


@dataclass
class Group:
    """Trials of one setting, all of them with the same number of runs.

    Each is tried without the plugin when it is added. If the plugin then computes one of them wrong, each is tried in a
    model of its own, to find which.
    """

    ask: Ask
    setting: Setting
    tried: Tried
    _waiting: list[tuple[Trial, dict[str, Any]]] = field(default_factory=list)  # with the answers so far
    _name: str = ""  # by which the worker knows those that wait
    _seconds: float = 0.0
    _is_slow: bool = False

    def add(self, trial: Trial) -> Failed | None:
        """Try it without the plugin, and once the group is full, all of them with it. Returns one that fails."""
        if self._is_slow:
            wrong = try_one(self.ask, self.setting, trial, self.tried)
            return (trial, wrong) if wrong else None
        self._name = self._name or str(next(_names))
        start = time.monotonic()
        answer = asked(self.ask, self.setting, trial, self.tried, waits=self._name)
        if not isinstance(answer, dict):
            return (trial, answer) if answer else None
        if wrong_in(answer) and (wrong := self.tried.add(answer, trial.elements)):
            return trial, wrong
        self.tried.look_at_time(answer, trial.elements)
        self._waiting.append((trial, answer))
        self._seconds += time.monotonic() - start
        return self.finish() if self._is_full() else None

    def _is_full(self) -> bool:
        kept = sum(answer["bytes"] for _, answer in self._waiting)
        return len(self._waiting) == _MOST or kept > _MOST_BYTES or self._seconds > _MOST_SECONDS

    def finish(self) -> Failed | None:
        """Try those that wait with the plugin. Returns one that fails."""
        waiting, name = self._waiting, self._name
        self._waiting, self._name, self._seconds = [], "", 0.0
        if not waiting:
            return None
        results, problem = self._together(name, len(waiting))
        wrongs = [wrong_in({"results": one}) for one in results]
        if results and not any(wrongs):
            for (trial, answer), more in zip(waiting, results, strict=True):
                self.tried.add({**answer, "results": [*answer["results"], *more]}, trial.elements)
            return None
        for trial, _ in waiting:
            if wrong := try_one(self.ask, self.setting, trial, self.tried):
                return trial, wrong
        self._is_slow = problem is not None and problem.check == "hang"  # each has passed, and many take longer
        place = next((place for place, wrong in enumerate(wrongs) if wrong), 0)
        problem = wrongs[place] if wrongs else problem
        if problem is None or self._is_slow:
            return None
        text = f"{problem.what}\nThis was one of {len(waiting)} ops in a model; each is right in a model of its own."
        return waiting[place][0], Wrong(problem.check, text, is_alone=False)

    def _together(self, name: str, size: int) -> tuple[list[list[dict[str, Any]]], Wrong | None]:
        """The results of each, none if the worker has lost one; and why it has not answered."""
        try:
            return self.ask("numbers-together", {"group": name, "count": size})["results"], None
        except LibraryError as error:
            return [], wrong_of(error, "numbers")
