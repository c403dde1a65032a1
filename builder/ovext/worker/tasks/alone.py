"""Call evaluate() of an op, without a plugin, in ways that show what a right result hides.

Each call has other conditions: how many threads there are, whether tensors end or start at memory that may not be
touched, and what is in the outputs before it. The results must not depend on them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ovext.worker.faults import FaultRecorder, Region
from ovext.worker.tasks.arena import call_with_threads, thread_counts
from ovext.worker.tasks.compare import compared
from ovext.worker.tasks.guarded import GuardedMemory
from ovext.worker.tasks.values import Buffer, array_of, bytes_of, from_bits, numpy_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import openvino as ov

    from ovext.worker.tasks.values import Array

    Result = dict[str, Any]

_FILLS = (0xA5, 0x5A)  # the bytes of outputs before a call
CANNOT_COMPUTE = "evaluate() returns false: the op cannot compute these types"


class InputChangedError(Exception):
    """A call changed the input that the text names."""


@dataclass(frozen=True)
class Call:
    """The conditions of a call."""

    threads: int = 1
    at_end: bool = True
    fill: int = _FILLS[0]
    is_elsewhere: bool = False  # in memory that no other call had


class Op(Protocol):
    """An op whose evaluate() can be called."""

    @property
    def threads(self) -> Sequence[int]:
        """The numbers of threads to call it with."""

    def call(self, outputs: Sequence[Buffer], inputs: Sequence[Buffer], threads: int) -> list[Array]:
        """The outputs of a call. Raises RuntimeError if evaluate() fails."""


@dataclass(frozen=True)
class NativeOp:
    """An op that this CPU runs."""

    node: ov.Node

    @property
    def threads(self) -> Sequence[int]:
        return thread_counts(len(os.sched_getaffinity(0)))

    def call(self, outputs: Sequence[Buffer], inputs: Sequence[Buffer], threads: int) -> list[Array]:
        given, results = [one.tensor() for one in inputs], [one.tensor() for one in outputs]
        call_with_threads(threads, lambda: self._evaluate(results, given))
        return [array_of(one) for one in results]

    def _evaluate(self, outputs: Sequence[ov.Tensor], inputs: Sequence[ov.Tensor]) -> None:
        if not self.node.evaluate(outputs, inputs):
            raise RuntimeError(CANNOT_COMPUTE)


@dataclass(frozen=True)
class Alone:
    """An op that is called alone.

    Args:
        op: the op in a model.
        request: the task's request.
        say: receives what is done next.
        faults: is told where the tensors are.
    """

    op: Op
    request: dict[str, Any]
    say: Callable[[str], None]
    faults: FaultRecorder

    def results(self, inputs: Sequence[Array], expected: Sequence[Array]) -> list[Result]:
        """What all calls show, up to the first kind of mistake."""
        shapes = [one.shape for one in expected]
        calls = [
            Call(count, at_end=number % 2 == 0, fill=_FILLS[number % 2]) for number, count in enumerate(self.op.threads)
        ]
        made = [self.outputs(inputs, shapes, call) for call in calls]
        if unwritten := list(self._unwritten(made[:2], _FILLS, expected)):
            return unwritten
        found = compared(self.request, "evaluate()", made[0], expected)
        if not all(one["agrees"] for one in found):
            return found
        for call, outputs in zip(calls[1:], made[1:], strict=True):
            if not self._are_same(made[0], outputs, expected):
                return [self._why_different(inputs, shapes, made[0], outputs, call)]
        return found

    def outputs(self, inputs: Sequence[Array], shapes: Sequence[Sequence[int]], call: Call) -> list[Array]:
        """The outputs of one call."""
        side = "end" if call.at_end else "start"
        threads = "1 thread" if call.threads == 1 else f"{call.threads} threads"
        self.say(f"evaluating the op alone ({threads}; tensors {side} where no memory may be touched)")
        regions: list[Region] = []
        given = []
        for number, values in enumerate(inputs):
            buffer, memory = self._guarded("input", number, values.shape, call, regions)
            memory[...] = bytes_of(values, buffer.element)
            given.append(buffer)
        outputs = []
        for number, shape in enumerate(shapes):
            buffer, memory = self._guarded("output", number, shape, call, regions)
            memory.fill(call.fill)
            outputs.append(buffer.emptied() if self.request["free_outputs"][number] else buffer)
        self.faults.know(regions)
        results = self._called(outputs, given, call)
        self.faults.know([])
        for number, (values, buffer) in enumerate(zip(inputs, given, strict=True)):
            if not np.array_equal(np.asarray(buffer.memory), bytes_of(values, buffer.element)):
                raise InputChangedError(self._name("input", number))
        return results

    def _called(self, outputs: Sequence[Buffer], inputs: Sequence[Buffer], call: Call) -> list[Array]:
        """The results of evaluate(). Outputs that are too small for the op are replaced, and are then compared."""
        try:
            return self.op.call(outputs, inputs, call.threads)
        except RuntimeError:
            return self.op.call([one.emptied() for one in outputs], inputs, call.threads)

    def _guarded(
        self, side: str, number: int, shape: Sequence[int], call: Call, regions: list[Region]
    ) -> tuple[Buffer, Array]:
        element = self.request[f"{side}_types"][number]
        size = int(np.prod(shape)) * numpy_type(element).itemsize // (2 if element == "bf16" else 1)
        guarded = GuardedMemory() if call.is_elsewhere else _memory(side, number)
        memory, address = guarded.take(size, at_end=call.at_end)
        regions.append(Region(self._name(side, number), address, address + size))
        return Buffer(element, tuple(shape), memory), memory

    def _name(self, side: str, number: int) -> str:
        return f"{side} '{self.request[f'{side}_names'][number]}'"

    def _unwritten(
        self, calls: Sequence[Sequence[Array]], fills: Sequence[int], expected: Sequence[Array]
    ) -> Iterator[Result]:
        """A result for each output in which the bytes from before each call are left."""
        for number, truth in enumerate(expected):
            if self.request["free_outputs"][number] or any(one[number].shape != truth.shape for one in calls):
                continue
            left = np.ones(truth.shape, bool)
            for outputs, fill in zip(calls, fills, strict=True):
                left &= _is_filled(outputs[number], self.request["output_types"][number], fill)
            if left.any():
                place = ", ".join(map(str, np.argwhere(left)[0]))
                problem = f"{np.count_nonzero(left)} of {left.size} elements are not written, the first at [{place}]"
                yield {"check": "unwritten", "output": number, "problem": problem, "agrees": False}

    def _are_same(self, first: Sequence[Array], other: Sequence[Array], expected: Sequence[Array]) -> bool:
        """Whether two calls give the same; the same within tolerance for an op whose bytes may depend on threads."""
        if self.request["depends_on_threads"]:
            return all(one["agrees"] for one in compared(self.request, "", other, expected))
        return all(map(same_values, first, other))

    def _why_different(
        self,
        inputs: Sequence[Array],
        shapes: Sequence[Sequence[int]],
        first: Sequence[Array],
        other: Sequence[Array],
        call: Call,
    ) -> Result:
        """The condition that makes a call give other values than the first one."""
        number = next((n for n, pair in enumerate(zip(first, other, strict=True)) if not same_values(*pair)), 0)
        other_fill = _FILLS[call.fill == _FILLS[0]]
        again = self.outputs(inputs, shapes, replace(call, fill=other_fill))
        if unwritten := list(self._unwritten((other, again), (call.fill, other_fill), first)):
            return {**unwritten[0], "how": f"evaluate() with {call.threads} threads"}
        alone = self.outputs(inputs, shapes, replace(call, threads=1))
        problem = difference(first[number], other[number])
        if all(map(same_values, alone, other)):
            text = f"the values depend on the place of the tensors in memory: {problem}"
            return {"check": "places", "output": number, "problem": text, "agrees": False}
        text = f"the values with {call.threads} threads differ from those with 1: {problem}"
        return {"check": "threads", "output": number, "problem": text, "agrees": False}


@cache
def _memory(side: str, number: int) -> GuardedMemory:
    """The memory of a tensor, which has the same addresses in each call if its size stays."""
    del side, number
    return GuardedMemory()


@cache
def fault_recorder(file: Path) -> FaultRecorder:
    return FaultRecorder(file)


def _is_filled(values: Array, element: str, fill: int) -> Array:
    """Which elements consist of that byte only. No such number is 0 or NaN, so that equal ones have equal bytes."""
    if element == "boolean":
        return np.asarray(values.view(np.uint8) == fill)
    filled = np.full(8, fill, np.uint8)
    number = from_bits(filled.view(np.uint16)) if element == "bf16" else filled.view(numpy_type(element))
    return np.asarray(values == number[0])


def same_values(first: Array, other: Array) -> bool:
    """Whether both have the same bytes, except that any NaN is like any other."""
    return first.shape == other.shape and not _different(first, other).any()


def _different(first: Array, other: Array) -> Array:
    both_nan = (first != first) & (other != other)  # noqa: PLR0124  also for types that cannot be NaN
    as_bits = np.dtype(f"u{first.itemsize}")
    return np.asarray((first.view(as_bits) != other.view(as_bits)) & ~both_nan)


def difference(first: Array, other: Array) -> str:
    if first.shape != other.shape:
        return f"the shape is {list(other.shape)} instead of {list(first.shape)}"
    different = _different(first, other)
    index = tuple(np.argwhere(different)[0])
    place = ", ".join(map(str, index))
    values = f"{other[index].item():.9g}, not {first[index].item():.9g}"
    return f"{np.count_nonzero(different)} of {first.size} elements, the first at [{place}]: {values}"
