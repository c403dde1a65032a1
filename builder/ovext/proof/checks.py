"""What an op must do apart from computing correctly. Each check runs in its own worker."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from ovext.errors import ProjectError
from ovext.proof.draw import attribute_values, shapes_of
from ovext.proof.refused_models import right_and_wrong_models
from ovext.proof.trial import Trial

if TYPE_CHECKING:
    from ovext.project import OpDescription
    from ovext.proof.setting import Setting
    from ovext.worker.client import Worker

_REQUESTS = 8  # that one model runs at once
_ATTRIBUTE_SETS = 10


@dataclass(frozen=True)
class Outcome:
    cases: int
    problems: tuple[str, ...] = ()


def check_attributes(worker: Worker, setting: Setting) -> Outcome:
    """Attributes have the model's values, and keep them when the model is saved and read again."""
    sets = _drawn(setting.op, _ATTRIBUTE_SETS)
    problems: dict[str, None] = {}
    for trial in sets:
        wanted = setting.op.all_values(trial.attributes)
        model = setting.model(trial.shapes, trial.attributes)
        answer = worker.ask("attributes", {"model": model, "type": setting.op.type})
        for name, value in wanted.items():
            for when, got in (("read from a model", answer["read"]), ("after saving and reading it", answer["again"])):
                if name not in got:
                    problems[f"'{name}' is not visited: visit_attributes() must give it to the visitor"] = None
                elif not _same(got[name], value):
                    problems[f"{name} = {value!r} is {got[name]!r} {when}"] = None
    return Outcome(len(sets), tuple(problems))


def _same(got: Any, wanted: Any) -> bool:
    """Whether a value survived. Numbers are compared as f32, the type of most attributes."""
    if isinstance(wanted, list):
        got = got if isinstance(got, list) else [got]
        return len(got) == len(wanted) and all(map(_same, got, wanted))
    if isinstance(wanted, float) and isinstance(got, (int, float)):
        both_nan = math.isnan(wanted) and math.isnan(got)
        return both_nan or got == wanted or math.isclose(got, wanted, rel_tol=1e-5, abs_tol=1e-30)
    return bool(got == wanted)


def check_refusals(worker: Worker, setting: Setting) -> Outcome:
    """Models that break a rule of op.toml are rejected with a message; the model that they were made from is not."""
    trial = _simple_trial(setting.op)
    right, wrong = right_and_wrong_models(setting, trial.shapes, trial.attributes)
    worker.ask("read", {"model": right})
    models = [{"what": one.what, "model": one.model} for one in wrong]
    said = worker.ask("refusals", {"models": models})["said"]
    problems = [
        f"OpenVINO takes a model with {one.what}" if text is None else f"there is no message for {one.what}"
        for one, text in zip(wrong, said, strict=True)
        if not text
    ]
    return Outcome(len(wrong), tuple(problems))


def check_concurrency(worker: Worker, setting: Setting) -> Outcome:
    """Requests that run at once return the same as each returns alone."""
    trial = _simple_trial(setting.op)
    request = {
        **setting.common(trial.attributes),
        "model": setting.model(trial.shapes, trial.attributes),
        "shapes": [trial.shapes[one.name] for one in setting.op.inputs],
        "values": "uniform",
        "requests": _REQUESTS,
    }
    wrong = [one for one in worker.ask("concurrency", request)["results"] if not one["agrees"]]
    if not wrong:
        return Outcome(_REQUESTS)
    details = wrong[0].get("worst") or wrong[0].get("shape")
    return Outcome(_REQUESTS, (f"{len(wrong)} of {_REQUESTS} requests at once give wrong numbers, such as {details}",))


def check_unloading(worker: Worker, setting: Setting) -> Outcome:
    """A process that used the library releases it and ends without a crash."""
    trial = _simple_trial(setting.op)
    worker.ask("numbers", setting.request(trial))
    worker.ask("release", {})
    finished = worker.finish()
    if finished is None or finished.ok:
        return Outcome(1)
    return Outcome(1, (f"the process that used the library ends with {finished.how_it_ended()}",))


def _simple_trial(op: OpDescription) -> Trial:
    """The first case of op.toml, else the simplest that can be drawn."""
    return _first_case(op) if op.test.cases else _drawn(op, 1)[0]


def _drawn(op: OpDescription, count: int) -> list[Trial]:
    """Drawn trials, the same in each run."""
    found: list[Trial] = []

    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def draw(data: st.DataObject) -> None:
        attributes = data.draw(attribute_values(op))
        found.append(Trial(data.draw(shapes_of(op, attributes)), attributes))

    try:
        draw()
    except Unsatisfiable:
        if not op.test.cases:
            problem = f"no shapes of inputs fulfil the rules of {op.type}, or they are too rare to be found"
            raise ProjectError(problem, fix="Give some in [[test.cases]].") from None
    return found or [_first_case(op)]


def _first_case(op: OpDescription) -> Trial:
    case = op.test.cases[0]
    return Trial(case.sizes(), dict(case.attributes))
