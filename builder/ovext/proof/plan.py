"""The cases that an op is tried with: planned sizes, where kernels and threads have their edges, and drawn ones.

The same description gives the same cases each time.
"""

from __future__ import annotations

import ast
import math
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from ovext.project.shapes import bound_sizes, evaluate, parse_constraint
from ovext.proof.attribute_values import drawn_values, edge_values
from ovext.proof.layouts import Layout, layouts
from ovext.proof.trial import Trial, ranges_of, ruled_shapes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ovext.project import OpDescription
    from ovext.project.attributes import AttributeValue
    from ovext.proof.trial import Shapes, Values

_VECTORS = (16, 32, 64)  # bytes in a vector of SSE, AVX and AVX-512
_SHARE = 64 * 1024  # bytes of a tensor from which ovext/parallel.hpp uses another thread
_CACHE_LINE = 64
_LARGE = 1 << 20  # bytes
_BYTES_OF_STRING = 32  # of the std::string alone
_MIDDLES = (3, 5, 2, 7, 11, 13)  # sizes of the other dimensions; no two neighbours are equal
EDGE = "an edge of an attribute"
_REPAIRS = 33  # sizes next to one that breaks a rule
_DRAWN = 20
_MOST_SMALL = 20_000  # elements of a drawn case


@dataclass(frozen=True)
class PlannedCase:
    """A trial, why it is tried, and what its sizes are made of."""

    why: str
    trial: Trial
    layout: Layout
    sizes: Mapping[str, int]

    def with_shapes_before(self) -> PlannedCase:
        """The case with the shapes that a dynamic model runs with first, in a static model."""
        shapes = self.trial.before or self.trial.shapes
        sizes = {
            dim: size
            for name, dims in self.layout.inputs.items()
            for dim, size in zip(dims, shapes[name], strict=True)
            if isinstance(dim, str)
        }
        return replace(self, sizes=sizes, trial=replace(self.trial, shapes=shapes, before=None))


@dataclass(frozen=True)
class Wish:
    """Sizes for a layout; those that are not given are middles, or `other`."""

    why: str
    layout: Layout
    sizes: Mapping[str, int]
    other: int | None = None
    attributes: Mapping[str, AttributeValue] | None = None


def plan(op: OpDescription, element: str, cpus: int, *, wanted: int | None = None, seed: int = 0) -> list[PlannedCase]:
    """The cases for models whose first input has that element type.

    Args:
        op: what is tried.
        element: the element type of its first input.
        cpus: how many threads OpenVINO has here.
        wanted: how many cases; fewer than are planned are spread over the plan, more are drawn. Default: all planned
            ones, and some drawn ones.
        seed: other drawn cases and other values.
    """
    known: dict[tuple[str, str], PlannedCase] = {}
    edges = [op.example(), *edge_values(op)]
    for number, wish in enumerate(_wishes(op, _bytes_of(element), cpus)):
        attributes = wish.attributes or edges[number % len(edges)]
        if case := granted(op, replace(wish, attributes=attributes)) or granted(op, wish):
            known.setdefault((str(case.trial.shapes), str(case.trial.attributes)), case)
    planned = _without_too_many_empty(list(known.values()))
    wanted = len(planned) + _DRAWN if wanted is None else wanted
    if wanted < len(planned):
        planned = [planned[number * len(planned) // wanted] for number in range(wanted)]
    cases = [*planned, *drawn_cases(op, np.random.default_rng(seed), wanted - len(planned))]
    return [_varied(op, case, number, seed, cases) for number, case in enumerate(cases)]


def _bytes_of(element: str) -> int:
    if element == "string":
        return _BYTES_OF_STRING
    bits = re.search(r"\d+$", element)
    return max(1, int(bits[0]) // 8) if bits else 1


def _wishes(op: OpDescription, size: int, cpus: int) -> Iterator[Wish]:
    usual, *others = layouts(op)
    yield Wish("small", usual, {})
    for layout in others:
        yield Wish("another number of dimensions, or sizes of 1", layout, {})
        yield Wish("another number of dimensions, or sizes of 1", layout, {}, other=9)
    widths = sorted({1, *(lanes * many + off for lanes in _lanes(size) for many, off in _AROUND)} - {0})
    names = usual.names or ("",)
    for name in reversed(names):
        some = [1, 2, *widths[2:-1:4], widths[-1]]
        yield from (Wish(f"{name} around the width of a vector", usual, {name: one}) for one in some)
        if name == names[-1]:
            yield from (Wish(f"{name} around the width of a vector", usual, {name: one}, other=1) for one in widths)
    yield from (Wish("all sizes equal", usual, {}, other=one) for one in (1, 2, 8, 13, 16, 17))
    for value in edge_values(op):
        yield Wish(EDGE, usual, {}, attributes=value)
    for constant in _constants(op):
        yield from (Wish("a number in a constraint", usual, {name: constant}) for name in names)
        yield Wish("a number in a constraint", usual, {}, other=constant)
    yield from _wishes_for_threads(usual, size, cpus)
    yield from _large_wishes(usual, size)
    if op.test.smallest == 0:
        for name in names:
            yield Wish(f"{name} is 0", usual, {name: 0})


def _constants(op: OpDescription) -> list[int]:
    """The numbers in the op's constraints."""
    return sorted({int(one) for rule in op.constraints for one in re.findall(r"\d+", rule)})


_AROUND = ((1, -1), (1, 0), (1, 1), (4, -1), (4, 1))  # lanes of a vector, times and plus


def _lanes(size: int) -> list[int]:
    return [vector // size for vector in _VECTORS]


def _wishes_for_threads(usual: Layout, size: int, cpus: int) -> Iterator[Wish]:
    """Sizes at which one more thread gets a share, with every remainder of a share."""
    line = max(1, _CACHE_LINE // size)
    names = usual.names
    for threads in sorted({2, 3, cpus, cpus + 1} - {1}):
        start = threads * _SHARE // size
        ends = range(-1, line + 1) if threads == 2 else (-1, 0, 1, line + 1)  # noqa: PLR2004
        for name in names[-1:]:
            for end in ends:
                yield Wish(f"shares of {threads} threads", usual, {name: start + end}, other=1)
        for name in names[:-1]:
            for end in (-1, 1):
                yield Wish(f"{name} shared by {threads} threads", usual, {name: start + end}, other=1)
                yield Wish(f"{name} shared by {threads} threads", usual, {name: max(1, start // 13 + end)}, other=13)


def _large_wishes(usual: Layout, size: int) -> Iterator[Wish]:
    elements = _LARGE // size
    names = usual.names
    for name in names:
        yield Wish("more than 1 MB", usual, {name: _prime_from(elements)}, other=1)
        if len(names) > 1:
            yield Wish("more than 1 MB", usual, {name: _prime_from(elements // 3 ** (len(names) - 1))}, other=3)
    if len(names) > 1:
        root = round(elements ** (1 / len(names))) | 1
        yield Wish("more than 1 MB, all sizes alike", usual, {names[-1]: root + 2}, other=root)


def _prime_from(number: int) -> int:
    return next(one for one in count(number | 1, 2) if all(one % other for other in range(3, math.isqrt(one) + 1, 2)))


def granted(op: OpDescription, wish: Wish) -> PlannedCase | None:
    """The case with the wished sizes, or with the nearest that fulfil the op's rules; None if none does."""
    attributes = dict(wish.attributes or op.example())
    names = wish.layout.names
    wished = [name for name in wish.sizes if name in names]
    if wish.sizes and not wished:
        return None
    steps = range(_REPAIRS) if any(wish.sizes.values()) or wish.other else (0,)
    largest = max(wish.sizes.values(), default=0)
    fills = [None, 1, largest or 4, 8, 16] if wish.other is None else [wish.other, *([largest] if largest else [])]
    fills += _constants(op)
    for fill in fills:
        others = {name: max(op.test.smallest, fill or _MIDDLES[at % len(_MIDDLES)]) for at, name in enumerate(names)}
        for step in steps:
            sizes = {**others, **{name: wish.sizes[name] + step for name in wished}}
            if not wished and step:
                sizes = {name: size + step for name, size in others.items()}
            if case := checked(op, PlannedCase(wish.why, Trial({}, attributes), wish.layout, sizes), op.test.largest):
                return case
    return None


def checked(op: OpDescription, case: PlannedCase, most: int) -> PlannedCase | None:
    """The case with its shapes; None if they break a rule or have too many elements."""
    attributes = case.trial.attributes
    case = replace(case, sizes=_solved(op, case.sizes, attributes))
    shapes = case.layout.shapes(case.sizes)
    if max(map(math.prod, shapes.values()), default=0) > most:
        return None
    try:
        bound_sizes(op, shapes, op.all_values(attributes))
        if case.trial.before is not None:
            bound_sizes(op, case.trial.before, op.all_values(attributes))
            ruled_shapes(op, case.trial.before, attributes)
        outputs = ruled_shapes(op, shapes, attributes) or ()
        if not _has_values(op, shapes, attributes):
            return None
    except ValueError:
        return None
    if any(math.prod(shape) > most for shape in outputs):
        return None
    if any(size < op.test.smallest for shape in shapes.values() for size in shape):
        return None
    return replace(case, trial=replace(case.trial, shapes=shapes))


def _solved(op: OpDescription, sizes: Mapping[str, int], attributes: dict[str, AttributeValue]) -> Mapping[str, int]:
    """The sizes, with those that a constraint such as "C == I * groups" tells as it tells them."""
    told = [(name, formula) for name, formula in _equations(tuple(op.constraints)) if name in sizes]
    if not told:
        return sizes
    known = {name: one for name, one in op.all_values(attributes).items() if isinstance(one, int)} | dict(sizes)
    for _ in told:  # one may need another
        for name, formula in told:
            with suppress(ValueError):
                known[name] = max(0, evaluate(formula, known))
    return {name: known[name] for name in sizes}


@cache
def _equations(constraints: tuple[str, ...]) -> list[tuple[str, str]]:
    """The constraints that say what a name is: the name, and a formula."""
    found = []
    for constraint in constraints:
        left, compare, right = parse_constraint(constraint)
        sides = ((one, other) for one, other in ((left, right), (right, left)) if isinstance(one, ast.Name))
        if isinstance(compare, ast.Eq) and (pair := next(sides, None)):
            found.append((pair[0].id, ast.unparse(pair[1])))
    return found


def _has_values(op: OpDescription, shapes: Shapes, attributes: dict[str, AttributeValue]) -> bool:
    """Whether there are values that each input can have."""
    for tensor, (low, high) in zip(op.inputs, ranges_of(op, shapes, attributes), strict=True):
        shape, meaning = shapes[tensor.name], op.meaning_of(tensor.name)
        needed = shape[-1] if meaning.is_unique and shape else 1
        is_whole = meaning.index or (meaning.is_unique and op.input_types()[tensor.name][0][0] in "iu")
        if math.prod(shape) and is_whole and high - low + 1 < needed:
            return False
    return True


def drawn_cases(op: OpDescription, generator: np.random.Generator, wanted: int) -> list[PlannedCase]:
    """Cases of any layout, with any of the small sizes and attributes."""
    every = layouts(op)
    sizes = (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 65, *_constants(op))
    found: list[PlannedCase] = []
    for _ in range(20 * wanted):
        if len(found) == wanted:
            break
        layout = every[generator.integers(len(every))]
        drawn = {name: int(sizes[generator.integers(len(sizes))]) for name in layout.names}
        trial = Trial({}, drawn_values(op, generator))
        most = min(op.test.largest, _MOST_SMALL)
        if case := checked(op, PlannedCase("drawn", trial, layout, drawn), most):
            found.append(case)
    return found


def _without_too_many_empty(cases: Sequence[PlannedCase]) -> list[PlannedCase]:
    """At most one case in ten has no element or no dimension."""
    room = len(cases) // 10
    kept = []
    for case in cases:
        is_poor = not case.trial.elements or not any(case.trial.shapes.values() or [True])
        room -= is_poor
        if not is_poor or room >= 0:
            kept.append(case)
    return kept or list(cases)


def _varied(op: OpDescription, case: PlannedCase, number: int, seed: int, cases: Sequence[PlannedCase]) -> PlannedCase:
    """The case with values of one style, in a static or dynamic model, or with parts of tensors: these take turns."""
    specials: list[Values] = ["specials"] if op.test.specials else []
    styles: list[Values] = ["uniform", *specials, "narrow", "uniform", "extremes", "large", "uniform", "zeros"]
    values = "uniform" if case.why == EDGE else styles[number // 3 % len(styles)]
    trial = replace(case.trial, values=values, seed=seed * 1000 + number)
    model = ("static", "dynamic", "parts")[number % 3]
    varied = replace(case, trial=replace(trial, parts=model == "parts"))
    return in_dynamic_model(varied, cases[:number], bounded=number % 2 == 1) if model == "dynamic" else varied


def in_dynamic_model(case: PlannedCase, earlier: Sequence[PlannedCase], *, bounded: bool) -> PlannedCase:
    """The case in a dynamic model, which runs with the shapes of an earlier case first if one fits."""
    before = next(_before(case, reversed(earlier)), case)
    return replace(case, trial=replace(case.trial, before=before.trial.shapes, bounded=bounded))


def _before(case: PlannedCase, others: Iterable[PlannedCase]) -> Iterator[PlannedCase]:
    """Cases that the same dynamic model can run with."""
    for other in others:
        if other.layout == case.layout and other.trial.attributes == case.trial.attributes:
            yield other
