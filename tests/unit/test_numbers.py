"""Trying planned cases: what a slow reference leaves out, and the smallest case that fails."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ovext.errors import ReferenceFailedError, ReferenceTooSlowError, WorkerDiedError
from ovext.project.op import OpDescription
from ovext.proof.numbers import try_planned
from ovext.proof.plan import plan
from ovext.proof.setting import Setting
from ovext.proof.tried import Tried

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OP = OpDescription.model_validate(
    {"schema": 1, "type": "T", "opset": "t", "inputs": [{"name": "x", "types": ["f32"], "dims": ["N", "C"]}]}
).read_from(Path("ops/t"), "")
FINE = {"results": [], "reference_seconds": 0.0}


def elements(request: Mapping[str, Any]) -> int:
    return max(int(math.prod(shape)) for run in request["runs"] for shape in run["shapes"])


class Answers:
    """Stands for a worker: answers requests for cases with more elements than `most` with `answer`."""

    def __init__(self, most: int, answer: dict[str, Any] | Exception) -> None:
        self.most, self.answer = most, answer
        self.asked: list[int] = []

    def __call__(self, _: str, request: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append(elements(request))
        if self.asked[-1] <= self.most:
            return FINE
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def tried(answers: Answers) -> Tried:
    result = Tried()
    try_planned(answers, Setting(OP, ("f32", "f32")), result, plan(OP, "f32", 2))
    return result


def test_a_slow_reference_leaves_out_larger_cases() -> None:
    answers = Answers(100, {**FINE, "reference_seconds": 4.2})
    result = tried(answers)
    assert result.failed is None
    assert len({one for one in answers.asked if one > 100}) == 1
    assert "The reference took 4.2 s for " in result.note
    assert "`largest` in [test]" in result.note


def test_a_reference_that_does_not_end_is_no_failure() -> None:
    result = tried(Answers(100, ReferenceTooSlowError("the reference takes more than 30 s")))
    assert result.failed is None
    assert "the reference takes more than 30 s, so larger cases were left out" in result.note


def test_the_smallest_case_that_the_same_check_finds_is_kept() -> None:
    wrong = {"check": "unwritten", "output": 0, "problem": "p", "agrees": False}
    result = tried(Answers(999, {"results": [wrong]}))
    assert result.wrong is not None
    assert (result.wrong.check, result.wrong.what) == ("unwritten", "output 0: p")
    assert result.failed is not None
    assert 1000 <= math.prod(result.failed.shapes["x"]) < 1060, "one row or column less passes"


def test_each_end_of_a_process_is_named() -> None:
    died = WorkerDiedError("it reads past the end of input 'x'")
    died.ended = "ends"
    errors = {"ends": died, "reference": ReferenceFailedError("r.py:1: the reference fails: no")}
    for check, error in errors.items():
        result = tried(Answers(50, error))
        assert result.wrong is not None
        assert result.wrong.check == check


class Together:
    """Stands for a worker that finds nothing without the plugin; `plugin` answers for groups, `alone` for one case."""

    def __init__(
        self, plugin: Callable[[int], dict[str, Any]], alone: Callable[[int], dict[str, Any]], kept: int = 1
    ) -> None:
        self.plugin, self.alone, self.kept = plugin, alone, kept
        self.alone_asked = 0
        self.groups: list[int] = []

    def __call__(self, task: str, request: Mapping[str, Any]) -> dict[str, Any]:
        if task == "numbers-together":
            self.groups.append(request["count"])
            return self.plugin(request["count"])
        if "waits" in request:
            return {**number(0.1), "bytes": self.kept}
        self.alone_asked += 1
        return self.alone(elements(request))

    def tried(self) -> Tried:
        result = Tried()
        try_planned(self, SETTING, result, CASES, together=True)
        return result


SETTING, CASES = Setting(OP, ("f32", "f32")), plan(OP, "f32", 2)


def number(error: float) -> dict[str, Any]:
    """A worker's answer about one output that is off by so many tolerances."""
    numbers = {"check": "numbers", "how": "CPU", "output": 0, "wrong": 1, "elements": 2, "worst": "at [0]"}
    errors = dict.fromkeys(("absolute", "relative", "of_tolerance"), error)
    return {"results": [{**numbers, **errors, "agrees": error <= 1}], "reference_seconds": 0.0}


def all_off_by(error: float) -> Callable[[int], dict[str, Any]]:
    return lambda count: {"results": [number(error)["results"]] * count}


def test_a_case_has_one_point_with_what_both_find() -> None:
    worker = Together(all_off_by(0.5), lambda _: number(9))
    result = worker.tried()
    assert result.failed is None
    assert (worker.alone_asked, sum(worker.groups)) == (0, len(CASES))
    assert result.cases == result.answers == len(CASES)
    assert [one.of_tolerance for one in result.points] == [0.5] * len(CASES)


def test_the_case_that_is_wrong_in_a_group_is_found() -> None:
    result = Together(all_off_by(2), lambda size: number(2 if size > 10 else 0)).tried()
    assert result.failed is not None
    assert 10 < math.prod(result.failed.shapes["x"]) < 20
    assert result.wrong is not None
    assert "model of its own" not in result.wrong.what


def test_what_is_wrong_in_a_group_only_fails_and_is_named() -> None:
    worker = Together(
        lambda count: {"results": [number(2 if one == 3 else 0)["results"] for one in range(count)]},
        lambda _: number(0),
    )
    result = worker.tried()
    assert result.wrong is not None
    assert not result.wrong.is_alone
    assert result.wrong.what.endswith(
        f"This was one of {worker.groups[0]} ops in a model; each is right in a model of its own."
    )
    assert result.failed is not None
    assert worker.alone_asked == worker.groups[0], "no smaller case is looked for"


def test_a_group_does_not_keep_more_than_it_may() -> None:
    worker = Together(all_off_by(0), lambda _: number(0), kept=1 << 25)
    worker.tried()
    assert max(worker.groups) == 3


def test_a_group_that_another_process_has_tried_is_tried_one_by_one() -> None:
    worker = Together(lambda _: {"results": []}, lambda _: number(0.1))
    result = worker.tried()
    assert result.failed is None
    assert worker.alone_asked == result.cases == len(CASES)


@pytest.mark.parametrize(("ended", "fails"), [("hang", False), ("crash", True)])
def test_only_a_group_that_takes_too_long_may_pass_one_by_one(ended: str, fails: bool) -> None:
    def end(_: int) -> dict[str, Any]:
        error = WorkerDiedError("it ended")
        error.ended = ended
        raise error

    worker = Together(end, lambda _: number(0.1))
    assert (worker.tried().failed is not None) == fails
    if not fails:
        assert len(worker.groups) <= 2, "the others of these kinds are tried one by one at once"
        assert worker.alone_asked == len(CASES)
