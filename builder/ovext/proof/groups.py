"""Trials that the CPU plugin infers in one model, which it compiles in nearly the time of a model of one op."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ovext.errors import LibraryError
from ovext.proof.tried import Wrong, asked, try_one, wrong_in, wrong_of

if TYPE_CHECKING:
    from ovext.proof.setting import Setting
    from ovext.proof.trial import Trial
    from ovext.proof.tried import Ask, Failed, Tried

_MOST = 16  # trials
_MOST_ELEMENTS = 1 << 20  # in all of them


@dataclass
class Group:
    """Trials of one setting, all of them with the same number of runs.

    Each is tried without the plugin when it is added. If the plugin then computes one of them wrong, each is tried in a
    model of its own, to find which.
    """

    ask: Ask
    setting: Setting
    tried: Tried
    name: str  # by which the worker knows it
    _waiting: list[tuple[Trial, dict[str, Any]]] = field(default_factory=list)  # with the answers so far

    def add(self, trial: Trial) -> Failed | None:
        """Try it without the plugin, and once the group is full, all of them with it. Returns one that fails."""
        answer = asked(self.ask, self.setting, trial, self.tried, waits=self.name)
        if isinstance(answer, dict):
            wrong = self.tried.add(answer, trial.elements) if wrong_in(answer) else None
        else:
            wrong = answer
        if wrong:
            return trial, wrong
        if isinstance(answer, dict):
            self.tried.look_at_time(answer, trial.elements)
            self._waiting.append((trial, answer))
        elements = sum(one.elements for one, _ in self._waiting)
        return self.finish() if len(self._waiting) == _MOST or elements > _MOST_ELEMENTS else None

    def finish(self) -> Failed | None:
        """Try those that wait with the plugin. Returns one that fails."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return None
        results, problem = self._together(len(waiting))
        if results and not problem:
            for (trial, answer), more in zip(waiting, results, strict=True):
                self.tried.add({**answer, "results": [*answer["results"], *more]}, trial.elements)
            return None
        for trial, _ in waiting:
            if wrong := try_one(self.ask, self.setting, trial, self.tried):
                return trial, wrong
        if problem is None or problem.check == "hang":  # many take longer than one, and each has passed
            return None
        text = f"{problem.what}\nEach is right in a model of its own; this is one of {len(waiting)} such ops."
        return waiting[0][0], Wrong(problem.check, text)

    def _together(self, count: int) -> tuple[list[list[dict[str, Any]]], Wrong | None]:
        """The results of each, none if the worker has lost one; and what is wrong."""
        try:
            results = self.ask("numbers-together", {"group": self.name, "count": count})["results"]
        except LibraryError as error:
            return [], wrong_of(error, "numbers")
        return results, wrong_in({"results": [one for more in results for one in more]})
