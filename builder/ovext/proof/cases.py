"""Which cases an op is tried with: on the CPU in each combination of element types, and on a GPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovext.errors import UnknownNameError
from ovext.project.forms import form_text, forms, has_forms, usual_form
from ovext.proof.gpu_plan import gpu_plan
from ovext.proof.plan import plan
from ovext.proof.setting import Setting
from ovext.proof.trial import Trial, form_of_case
from ovext.toolchain.process import cpu_count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ovext.project import OpDescription
    from ovext.proof.plan import PlannedCase
    from ovext.proof.request import ProofRequest

_CASES_OF_OTHER_FORMS = 30  # than the usual one, in each combination of element types
CASES_ON_GPU = 20  # for an op, in all combinations of element types and precisions


@dataclass(frozen=True)
class Plan:
    """What an op is tried with somewhere: the reason for each case, and the case."""

    op: OpDescription
    where: str
    cases: list[tuple[str, Trial]]


def plans_of(ops: Sequence[OpDescription], request: ProofRequest) -> Iterator[Plan]:
    """All that is tried. On a GPU, each combination of types and precisions takes the first of the cases."""
    for op in ops:
        for setting in settings_on_cpu(op, request) if request.is_on_cpu() else []:
            yield Plan(op, f"CPU {setting.types_text}", _listed(setting.given(), planned_on_cpu(setting, request)))
        if request.is_on_gpu(op):
            wanted = CASES_ON_GPU if request.examples is None else request.examples
            given = [Trial(one.sizes(), dict(one.attributes), given=one.values) for one in op.test.cases]
            yield Plan(op, "GPU", _listed(given, gpu_plan(op, wanted, request.seed)))


def _listed(given: Sequence[Trial], planned: Sequence[PlannedCase]) -> list[tuple[str, Trial]]:
    return [*(("op.toml", one) for one in given), *((one.why, one.trial) for one in planned)]


def planned_on_cpu(setting: Setting, request: ProofRequest) -> list[PlannedCase]:
    wanted = request.examples
    if (
        wanted is None
        and has_forms(setting.op.whole)
        and form_text(setting.op) != form_text(usual_form(setting.op.whole))
    ):
        wanted = _CASES_OF_OTHER_FORMS
    return plan(setting.op, setting.types[0], cpu_count(), wanted=wanted, seed=request.seed)


def settings_on_cpu(op: OpDescription, request: ProofRequest) -> Sequence[Setting]:
    """A setting for each form of the op and combination of element types that the request names."""
    wanted = [form_of_case(op, request.case)] if request.case else forms(op)
    return with_asked_types(
        op, request, [Setting(form, tuple(types)) for form in wanted for types in form.combinations()]
    )


def with_asked_types(op: OpDescription, request: ProofRequest, settings: Sequence[Setting]) -> Sequence[Setting]:
    """The settings with the element types that the request names.

    Raises:
        UnknownNameError: there is none with these types.
    """
    known = [one.types_text for one in settings]
    if request.types and request.types not in known:
        raise UnknownNameError(f"combination of element types of {op.type}", request.types, known)
    return [one for one in settings if request.types in {"", one.types_text}]
