"""Trying planned cases: what a slow reference leaves out, and the smallest case that fails."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovext.errors import ReferenceFailedError, ReferenceTooSlowError, WorkerDiedError
from ovext.project.op import OpDescription
from ovext.proof.numbers import Tried, try_planned
from ovext.proof.plan import plan
from ovext.proof.setting import Setting

if TYPE_CHECKING:
    from collections.abc import Mapping

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
