"""Infer cases that wait for the CPU plugin in one model: it compiles many ops in nearly the time of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ovext.models.ir import side_by_side
from ovext.worker.phases import Phases
from ovext.worker.tasks.compare import compared
from ovext.worker.tasks.cpu import CONFIG, core_with, tensors_of, waiting
from ovext.worker.tasks.values import array_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import openvino as ov

    from ovext.worker.tasks.cpu import Waiting
    from ovext.worker.tasks.values import Array


def run(request: dict[str, Any]) -> dict[str, Any]:
    """The results of each case that waits in the group, in order; all of them have the same number of runs.

    There are none if this process did not try them all without the plugin: another one has died.
    """
    cases = waiting.pop(request["group"], [])
    if len(cases) != request["count"]:
        return {"results": []}
    say = Phases(request)
    say(f"compiling a model of {len(cases)} cases")
    core = core_with(request["library"])
    model = core.read_model(side_by_side([one.model for one in cases]).encode(), b"")
    places = _places(model.inputs), _places(model.outputs)
    compiled = core.compile_model(model, "CPU", CONFIG)
    say(f"inferring {len(cases)} cases in one model")
    results: list[list[dict[str, Any]]] = [[] for _ in cases]
    for number in range(len(cases[0].runs)):
        outputs = _inferred(compiled, cases, number, places)
        for place, (case, actual) in enumerate(zip(cases, outputs, strict=True)):
            results[place] += compared(case.request, "CPU", actual, case.runs[number].expected)
    return {"results": results}


def _places(ports: Sequence[ov.Output]) -> list[int]:
    """The case that each input or output of the model belongs to."""
    return [int(port.get_node().get_friendly_name().partition("/")[0]) for port in ports]


def _inferred(
    compiled: ov.CompiledModel, cases: Sequence[Waiting], number: int, places: tuple[Sequence[int], Sequence[int]]
) -> list[list[Array]]:
    """The outputs of each case in a run of the model."""
    infer_request = compiled.create_infer_request()
    given = [tensors_of(case.runs[number].inputs, case.request) for case in cases]
    left = [iter(tensors) for tensors, _ in given]
    for port, place in enumerate(places[0]):
        infer_request.set_input_tensor(port, next(left[place]))
    infer_request.infer()
    outputs: list[list[Array]] = [[] for _ in cases]
    for place, tensor in zip(places[1], infer_request.output_tensors, strict=True):
        outputs[place].append(array_of(tensor))
    return outputs
