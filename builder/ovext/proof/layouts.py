"""The forms that an op's inputs can have: how many dimensions there are, and which of them have the same size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovext.project.dims import parse_dim
from ovext.project.shapes import BROADCAST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ovext.project import OpDescription
    from ovext.project.op import Input
    from ovext.proof.trial import Shapes

_LARGEST_RANK = 5
_USUAL_RANK = 2


@dataclass(frozen=True)
class Layout:
    """The dimensions of each input, by name: the name of a size that can be chosen, or a size."""

    inputs: dict[str, tuple[str | int, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the sizes that can be chosen, the outermost first."""
        dims = (dim for one in self.inputs.values() for dim in one)
        return tuple(dict.fromkeys(dim for dim in dims if isinstance(dim, str)))

    def shapes(self, sizes: Mapping[str, int]) -> Shapes:
        return {
            name: tuple(sizes[dim] if isinstance(dim, str) else dim for dim in dims)
            for name, dims in self.inputs.items()
        }


@dataclass(frozen=True)
class _Choice:
    """What the description leaves open.

    `rank` is how many dimensions `...` stands for, or that the broadcast shape has; `ranks` are those of inputs
    without dims. Dimensions in `ones`, by input and position, are 1. The first dimensions of an input in `missing` are
    left out.
    """

    rank: int
    ranks: tuple[tuple[str, int], ...] = ()
    ones: frozenset[tuple[str, int]] = frozenset()
    missing: tuple[tuple[str, int], ...] = ()


def layouts(op: OpDescription) -> list[Layout]:
    """Every layout that differs from the usual one, which is the first, in one thing."""
    found = [_layout(op, choice) for choice in _choices(op)]
    return [one for number, one in enumerate(found) if one not in found[:number]]


def _choices(op: OpDescription) -> Iterator[_Choice]:
    free = [] if is_broadcast(op) else [one for one in op.inputs if one.dims is None]
    allowed = {one.name: one.ranks or list(range(_LARGEST_RANK + 1)) for one in free}
    rest = _common_ranks(op)
    usual = tuple((name, _nearest(ranks)) for name, ranks in allowed.items())
    rank = _nearest(rest)
    yield _Choice(rank, usual)
    for other in rest:
        yield _Choice(other, usual)
    for number, (name, ranks) in enumerate(allowed.items()):
        for other in ranks:
            yield _Choice(rank, (*usual[:number], (name, other), *usual[number + 1 :]))
    yield from _with_ones(op, rank, usual)
    for tensor in op.inputs if is_broadcast(op) and len(op.inputs) > 1 else []:
        if tensor.dims is None:
            yield from (_Choice(3, usual, missing=((tensor.name, count),)) for count in range(1, 4))


def _with_ones(op: OpDescription, rank: int, usual: tuple[tuple[str, int], ...]) -> Iterator[_Choice]:
    """Each dimension that may be 1 alone, then each of an input, then in turns among inputs."""
    places: dict[str, list[int]] = {}
    for tensor in op.inputs:
        if tensor.dims is not None:
            places[tensor.name] = [at for at, dim in enumerate(tensor.dims) if parse_dim(dim).or_one]
        elif is_broadcast(op) and len(op.inputs) > 1:
            places[tensor.name] = list(range(max(rank, 2)))
    for name, at in ((name, at) for name, positions in places.items() for at in positions):
        yield _Choice(rank, usual, ones=frozenset({(name, at)}))
    for name, positions in places.items():
        yield _Choice(rank, usual, ones=frozenset((name, at) for at in positions))
    for turn in range(2):
        ones = ((name, at) for number, (name, every) in enumerate(places.items()) for at in every)
        numbers = {name: number for number, name in enumerate(places)}
        yield _Choice(rank, usual, ones=frozenset((name, at) for name, at in ones if (numbers[name] + at + turn) % 2))


def _layout(op: OpDescription, choice: _Choice) -> Layout:
    return Layout({one.name: tuple(_dims(op, one, choice)) for one in op.inputs})


def _dims(op: OpDescription, tensor: Input, choice: _Choice) -> Iterator[str | int]:
    if tensor.align is not None and any(one.dims is None for one in op.inputs):
        yield from (f"axis {tensor.align + at}" for at in range(len(tensor.dims or ())))
    elif tensor.dims is not None:
        for at, pattern in enumerate(map(parse_dim, tensor.dims)):
            if pattern.is_rest:
                yield from (f"...{number}" for number in range(choice.rank))
            elif pattern.size is not None:
                yield pattern.size
            else:
                yield 1 if (tensor.name, at) in choice.ones else pattern.name
    elif is_broadcast(op):
        rank = max([choice.rank, *(count for _, count in choice.missing)])
        for at in range(dict(choice.missing).get(tensor.name, 0), rank):
            yield 1 if (tensor.name, at) in choice.ones else f"axis {at}"
    else:
        yield from (f"{tensor.name}.{at}" for at in range(dict(choice.ranks)[tensor.name]))


def _common_ranks(op: OpDescription) -> list[int]:
    """How many dimensions `...`, or the broadcast shape, can have."""
    if is_broadcast(op) and any(one.dims is None for one in op.inputs):
        allowed = [set(one.ranks) for one in op.inputs if one.dims is None and one.ranks]
        return sorted(set.intersection(*allowed)) if allowed else list(range(_LARGEST_RANK + 1))
    found = set(range(_LARGEST_RANK + 1))
    for tensor in op.inputs:
        patterns = [parse_dim(dim) for dim in tensor.dims or ()]
        if any(one.is_rest for one in patterns):
            named = len(patterns) - 1
            found &= {rank - named for rank in tensor.ranks or range(named, max(named, _LARGEST_RANK) + 1)}
    return sorted(found) or [0]


def _nearest(ranks: Sequence[int]) -> int:
    return min(ranks, key=lambda rank: (abs(rank - _USUAL_RANK), rank))


def is_broadcast(op: OpDescription) -> bool:
    return any(one.rule == BROADCAST for one in op.outputs)
