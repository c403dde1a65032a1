"""What an op must do apart from computing correctly. Each check runs in its own worker."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ovext.errors import ProjectError, ReferenceTooSlowError
from ovext.project.forms import form_text, forms
from ovext.project.frameworks import TITLES
from ovext.proof.attribute_values import stored_values
from ovext.proof.framework_models import framework_models, request_of
from ovext.proof.plan import plan
from ovext.proof.refused_models import right_and_wrong_models, with_other_counts
from ovext.proof.setting import is_valid
from ovext.proof.trial import Trial
from ovext.toolchain.process import cpu_count

if TYPE_CHECKING:
    from ovext.project import OpDescription
    from ovext.project.attributes import AttributeValue
    from ovext.project.frameworks import AnyMapping
    from ovext.proof.setting import Setting
    from ovext.proof.trial import Shapes
    from ovext.worker.client import Worker

_ATTRIBUTE_SETS = 10
_TRIALS_OF_FUNCTION = 30


@dataclass(frozen=True)
class Outcome:
    cases: int
    problems: tuple[str, ...] = ()
    skipped: str = ""


def check_attributes(worker: Worker, setting: Setting) -> Outcome:
    """Attributes have the model's values, and keep them when the model is saved and read again."""
    first, *others = _planned(setting.op)
    stored = [replace(first, attributes=one) for one in stored_values(setting.op)]
    sets = [first, *others[-_ATTRIBUTE_SETS:]]
    sets += [one for one in stored if is_valid(setting.op, one.shapes, one.attributes)]
    sets = [one for one in sets if _takes_lists(worker, setting, one.shapes, one.attributes)]
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


def check_framework(framework: str, mapping: AnyMapping, worker: Worker, setting: Setting) -> Outcome:
    """Attributes have the values that models of the framework give them, and their defaults where a model has none."""
    op = setting.op
    models = [
        (form, one)
        for form in (op, *(one for one in forms(op.whole) if form_text(one) != form_text(op)))
        for one in framework_models(form, framework, mapping, [_simple_trial(form), *_planned(form)])[
            : None if form is op else 1
        ]
    ]
    if not models:
        return Outcome(0, skipped="no shapes of inputs go with the values of its attributes")
    models = [one for one in models if _takes_lists(worker, replace(setting, op=one[0]), one[1].shapes, one[1].values)]
    title = TITLES[framework]
    problems: dict[str, None] = {}
    for form, model in models:
        answer = worker.ask("framework-model", request_of(form, framework, mapping, model))
        if why := answer.get("impossible"):
            return Outcome(0, skipped=why)
        if problem := answer.get("problem"):
            shown = " ".join(filter(None, [str(model.attributes), form_text(form)]))
            problems[f"a model of {title} with {shown} is refused: {problem}"] = None
            continue
        for name, value in model.values.items():
            if not _same(answer["read"].get(name), value):
                problems[f"{name} = {value!r} is {answer['read'].get(name)!r} read from a model of {title}"] = None
    return Outcome(len(models), tuple(problems))


def _takes_lists(worker: Worker, setting: Setting, shapes: Shapes, attributes: dict[str, AttributeValue]) -> bool:
    """Whether the op takes the values: it may need lists that are not empty."""
    if [] not in attributes.values():
        return True
    model = {"what": "an empty list", "model": setting.model(shapes, attributes)}
    return bool(worker.ask("refusals", {"models": [model]})["said"] == [None])


def _same(got: Any, wanted: Any) -> bool:
    """Whether a value survived. Numbers are compared as f32, the type of most attributes."""
    if isinstance(wanted, list):
        got = got if isinstance(got, list) else [got]
        return len(got) == len(wanted) and all(map(_same, got, wanted))
    if isinstance(wanted, float) and isinstance(got, (int, float)):
        both_nan = math.isnan(wanted) and math.isnan(got)
        return both_nan or got == wanted or math.isclose(got, wanted, rel_tol=1e-5, abs_tol=1e-30)
    return bool(got == wanted)


def check_same_as(worker: Worker, setting: Setting) -> Outcome:
    """The reference computes what the function computes that op.toml names."""
    op = setting.op
    trials = [one for one in [*setting.given(), *_planned(op)] if one.before is None][:_TRIALS_OF_FUNCTION]
    for number, trial in enumerate(trials, start=1):
        answer = worker.ask("same-as", {**setting.request(trial), "same_as": op.test.same_as})
        if why := answer.get("impossible"):
            return Outcome(0, skipped=why)
        if problem := answer.get("problem"):
            return Outcome(number, (problem,))
        if wrong := next((one for one in answer["results"] if not one["agrees"]), None):
            how = f"with {trial.attributes} for {trial.shapes}: {wrong.get('worst') or wrong.get('shape')}"
            return Outcome(number, (f"the reference differs from {op.test.same_as} {how}",))
    return Outcome(len(trials))


def check_refusals(worker: Worker, setting: Setting) -> Outcome:
    """Models that break a rule of op.toml are rejected with a message; the model that they were made from is not."""
    trial = _simple_trial(setting.op)
    right, wrong = right_and_wrong_models(setting, trial.shapes, trial.attributes)
    wrong += with_other_counts(setting.op)
    worker.ask("read", {"model": right})
    models = [{"what": one.what, "model": one.model} for one in wrong]
    said = worker.ask("refusals", {"models": models})["said"]
    problems = [
        f"OpenVINO takes a model with {one.what}" if text is None else f"there is no message for {one.what}"
        for one, text in zip(wrong, said, strict=True)
        if not text
    ]
    return Outcome(len(wrong), tuple(problems))


def check_requests(worker: Worker, setting: Setting) -> Outcome:
    """Requests that run at once return the same as each returns alone."""
    cases = plan(setting.op, setting.types[0], cpu_count())
    trials = [*setting.given()[:1], *(Trial(case.trial.shapes, case.trial.attributes) for case in cases)]
    trials = sorted((one for one in trials if one.elements), key=lambda one: one.elements)
    trials = trials or [_simple_trial(setting.op)]
    requests = [setting.request(one) for one in trials[len(trials) // 2 :: 12] + trials[-1:]]
    while True:
        try:
            answer = worker.ask("requests", {"trials": requests})
            break
        except ReferenceTooSlowError:
            if len(requests) == 1:
                raise
            requests.pop()  # the largest
    return Outcome(answer["runs"], tuple(answer["problems"]))


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
    return _first_case(op) if op.test.cases else _planned(op)[0]


def _planned(op: OpDescription) -> list[Trial]:
    """Planned and drawn shapes, in static models.

    Raises:
        ProjectError: there are none.
    """
    cases = plan(op, op.combinations()[0][0], cpu_count())
    if not cases and not op.test.cases:
        problem = f"no shapes of inputs fulfil the rules of {op.type}, or they are too rare to be found"
        raise ProjectError(problem, fix="Give some in [[test.cases]].")
    return [Trial(case.trial.shapes, case.trial.attributes) for case in cases] or [_first_case(op)]


def _first_case(op: OpDescription) -> Trial:
    case = op.test.cases[0]
    return Trial(case.sizes(), dict(case.attributes))
