"""Run several requests of one model at once, each with its own inputs."""

from __future__ import annotations

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import openvino as ov

from ovext.worker.phases import REFERENCE, Phases
from ovext.worker.tasks.compare import compared
from ovext.worker.tasks.cpu import CONFIG, compile_for_cpu
from ovext.worker.tasks.reference import expected_outputs
from ovext.worker.tasks.sanitizer import NEEDS_FRESH_MEMORY
from ovext.worker.tasks.values import array_of, draw, tensor_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ovext.worker.tasks.values import Array

_LONG_ENOUGH = 0.002  # seconds; a request that is over sooner may be over before the next one starts
_MEASURED = 4
_REQUESTS = 6
_FEWEST_ROUNDS = 10
_SECONDS = 0.15  # for all rounds of a kind; enough to be interrupted in the middle of a request on a busy CPU
_STREAMS = (2, 4)  # requests in different streams overlap


def run(request: dict[str, Any]) -> dict[str, Any]:
    """What is wrong with requests that run at once, and how many did.

    Of the request's `trials`, the first one that takes long enough is used.
    """
    say = Phases(request)
    trial, seconds = _long_enough(request, say)
    drawn, expected = [], []
    for seed in range(_REQUESTS):
        drawn.append(draw({**trial, "seed": seed}, trial["shapes"]))
        say(REFERENCE)
        expected.append(expected_outputs(trial, drawn[-1]))
    runs = 0
    for streams, start in itertools.product(_STREAMS, (_start_all, _infer_in_threads)):
        config = {**CONFIG, "NUM_STREAMS": streams}
        compiled = compile_for_cpu(request["library"], trial["model"], config)
        started = [_infer_request(compiled, inputs, trial) for inputs in drawn]
        say("inferring one request after the other")
        alone = [_alone(one) for one in started]
        say(f"inferring {_REQUESTS} requests at once")
        rounds = _FEWEST_ROUNDS if NEEDS_FRESH_MEMORY else round(_SECONDS / seconds / _REQUESTS)
        for _ in range(max(_FEWEST_ROUNDS, rounds)):
            if NEEDS_FRESH_MEMORY:
                compiled = compile_for_cpu(request["library"], trial["model"], config)
                started = [_infer_request(compiled, inputs, trial) for inputs in drawn]
            runs += _REQUESTS
            start(started)
            if wrong := list(_problems(trial, started, alone, expected)):
                shapes = ", ".join(str(list(shape)) for shape in trial["shapes"])
                problem = f"{len(wrong)} of {_REQUESTS} requests at once give wrong numbers, such as {wrong[0]}"
                return {"runs": runs, "problems": [f"{problem} (inputs of {shapes}, {streams} streams)"]}
    return {"runs": runs, "problems": []}


def _long_enough(request: dict[str, Any], say: Phases) -> tuple[dict[str, Any], float]:
    """The first trial whose inference takes long enough for others to start meanwhile, else the last; and its time."""
    trial: dict[str, Any] = {}
    seconds = 0.0
    for trial in request["trials"]:
        say("measuring how long a request takes")
        trial = {**trial, **trial["runs"][-1]}  # noqa: PLW2901
        compiled = compile_for_cpu(request["library"], trial["model"], {**CONFIG, "NUM_STREAMS": 2})
        infer_request = _infer_request(compiled, draw(trial, trial["shapes"]), trial)
        seconds = min(_seconds(infer_request) for _ in range(_MEASURED))
        if seconds > _LONG_ENOUGH or NEEDS_FRESH_MEMORY:
            break  # ThreadSanitizer needs no overlap, and takes long for each racy element
    return trial, seconds


def _seconds(infer_request: ov.InferRequest) -> float:
    start = time.perf_counter()
    infer_request.infer()
    return time.perf_counter() - start


def _infer_request(compiled: ov.CompiledModel, inputs: Sequence[Array], trial: dict[str, Any]) -> ov.InferRequest:
    infer_request = compiled.create_infer_request()
    for number, values in enumerate(inputs):
        infer_request.set_input_tensor(number, tensor_of(values, trial["input_types"][number]))
    return infer_request


def _alone(infer_request: ov.InferRequest) -> list[ov.Tensor]:
    """Copies of the outputs of a request that runs alone."""
    infer_request.infer()
    return [_copy(one) for one in infer_request.output_tensors]


def _copy(tensor: ov.Tensor) -> ov.Tensor:
    copy = ov.Tensor(tensor.element_type, tensor.shape)
    tensor.copy_to(copy)
    return copy


def _start_all(requests: Sequence[ov.InferRequest]) -> None:
    for one in requests:
        one.start_async()
    for one in requests:
        one.wait()


def _infer_in_threads(requests: Sequence[ov.InferRequest]) -> None:
    with ThreadPoolExecutor(len(requests)) as pool:
        for done in [pool.submit(one.infer) for one in requests]:
            done.result()


def _problems(
    trial: dict[str, Any],
    requests: Sequence[ov.InferRequest],
    alone: Sequence[Sequence[ov.Tensor]],
    expected: Sequence[Sequence[Array]],
) -> Iterator[str]:
    """What is wrong with outputs that are neither those of the request alone nor those of the reference."""
    for request, lone, truth in zip(requests, alone, expected, strict=True):
        if not all(
            np.array_equal(one.data, other.data) for one, other in zip(request.output_tensors, lone, strict=True)
        ):
            outputs = [array_of(one) for one in request.output_tensors]
            wrong = [one for one in compared(trial, "at once", outputs, truth) if not one["agrees"]]
            yield from (str(one.get("worst") or one.get("shape")) for one in wrong[:1])
