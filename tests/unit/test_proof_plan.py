"""The cases that an op is tried with."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ovext.project.op import OpDescription
from ovext.proof.gpu_plan import gpu_plan
from ovext.proof.layouts import layouts
from ovext.proof.plan import plan
from ovext.proof.shrink import smaller_cases


def described(*inputs: dict[str, Any], **rest: Any) -> OpDescription:
    tables = [{"types": ["f32"], **one} for one in inputs]
    return OpDescription.model_validate({"schema": 1, "type": "T", "opset": "t", "inputs": tables, **rest})


FLAT = described({"name": "x"})
ROWS = described({"name": "x", "dims": ["N", "C"]})
PAIR = described({"name": "a"}, {"name": "b"}, outputs=[{"name": "y", "shape": "broadcast"}])


def counts(op: OpDescription, name: str = "x", cpus: int = 4) -> set[int]:
    return {math.prod(case.trial.shapes[name]) for case in plan(op, "f32", cpus, wanted=None)}


def test_sizes_lie_around_vectors_of_each_instruction_set() -> None:
    assert {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65} <= counts(FLAT)
    assert {1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 129} <= {
        math.prod(case.trial.shapes["x"]) for case in plan(described({"name": "x", "types": ["f16"]}), "f16", 4)
    }


@pytest.mark.parametrize("cpus", [1, 2, 4, 64])
def test_sizes_lie_around_the_shares_of_threads(cpus: int) -> None:
    """ovext/parallel.hpp gives a thread 64 KiB, and whole cache lines of 16 floats."""
    tried = counts(FLAT, cpus=cpus)
    assert set(range(32767, 32785)) <= tried, "every remainder"
    for threads in {3, cpus, cpus + 1} - {1}:
        assert {threads * 16384 + off for off in (-1, 0, 1)} <= tried


def test_some_tensors_are_larger_than_a_megabyte_and_none_than_the_largest() -> None:
    assert max(counts(FLAT)) > 1 << 18
    assert max(counts(described({"name": "x"}, test={"largest": 5000}))) <= 5000


def test_each_size_is_tried_alone_and_with_the_others() -> None:
    shapes = {case.trial.shapes["x"] for case in plan(ROWS, "f32", 4)}
    assert {(1, 1), (17, 17)} <= shapes
    assert any(n > 32000 and c == 1 for n, c in shapes)
    assert any(c > 32000 and n == 1 for n, c in shapes)
    assert any(c > 50000 and n > 1 for n, c in shapes)


def test_every_way_to_broadcast_is_tried() -> None:
    shapes = [(case.trial.shapes["a"], case.trial.shapes["b"]) for case in plan(PAIR, "f32", 4)]
    assert any(len(a) > len(b) > 0 for a, b in shapes)
    assert any(len(b) > len(a) > 0 for a, b in shapes)
    outer = [(a, b) for a, b in shapes if any(x == 1 < y for x, y in zip(a, b, strict=False))]
    assert any(any(y == 1 < x for x, y in zip(a, b, strict=False)) for a, b in outer), "each in another dimension"
    assert {len(a) for a, _ in shapes} == {0, 1, 2, 3, 4, 5}


def test_few_cases_are_empty() -> None:
    cases = plan(FLAT, "f32", 4)
    empty = [case for case in cases if not case.trial.elements or not case.trial.shapes["x"]]
    assert 0 < len(empty) <= len(cases) / 10
    assert 0 not in counts(described({"name": "x"}, test={"smallest": 1}))


@pytest.mark.parametrize("constraint", ["N == 1009", "N % 24 == 0", "N > C", "N == C", "N * C >= 4096"])
def test_sizes_fulfil_constraints(constraint: str) -> None:
    op = described({"name": "x", "dims": ["N", "C"]}, constraints=[constraint])
    cases = plan(op, "f32", 4)
    assert len(cases) > 20
    for case in cases:
        n, c = case.trial.shapes["x"]
        assert eval(constraint, {"N": n, "C": c})  # noqa: S307  our own text


def test_an_index_has_something_to_point_at() -> None:
    op = described(
        {"name": "x", "dims": ["N"]},
        {"name": "at", "types": ["i64"], "dims": ["K"]},
        test={"values": {"at": "index(N), unique"}},
    )
    cases = plan(op, "f32", 4)
    assert len(cases) > 20
    assert all(case.trial.shapes["at"][0] <= case.trial.shapes["x"][0] for case in cases)


def test_edges_of_attributes_are_tried() -> None:
    attributes = [
        {"name": "k", "type": "int", "min": 1, "max": 9, "default": 3},
        {"name": "mode", "type": "enum", "values": ["near", "far"], "default": "near"},
    ]
    cases = plan(described({"name": "x"}, attributes=attributes), "f32", 4, wanted=None)
    assert {1, 3, 9} <= {case.trial.attributes["k"] for case in cases}
    assert {"near", "far"} == {case.trial.attributes["mode"] for case in cases}


def test_the_same_cases_come_each_time_and_others_for_another_seed() -> None:
    assert plan(PAIR, "f32", 4, wanted=None) == plan(PAIR, "f32", 4, wanted=None)
    assert plan(PAIR, "f32", 4, seed=1) != plan(PAIR, "f32", 4, seed=2)


@pytest.mark.parametrize("wanted", [0, 1, 15, 200])
def test_as_many_cases_as_wanted(wanted: int) -> None:
    assert len(plan(ROWS, "f32", 4, wanted=wanted)) == wanted


def test_smaller_cases_are_smaller_and_lead_to_the_smallest() -> None:
    case = max(plan(ROWS, "f32", 4), key=lambda one: one.trial.elements)
    for _ in range(100):
        smaller = next(iter(smaller_cases(ROWS, case)), None)
        if smaller is None:
            break
        assert smaller.trial.elements <= case.trial.elements
        case = smaller
    assert case.trial.to_json() == '{"shapes": {"x": [1, 1]}}'


def test_gpu_cases_are_larger_than_a_work_group_and_of_every_rank_up_to_4() -> None:
    shapes = [case.trial.shapes["x"] for case in gpu_plan(FLAT, 20, 0)]
    assert len(shapes) == 20
    assert (17, 17, 17, 17) in shapes
    assert {len(shape) for shape in shapes} == {0, 1, 2, 3, 4}
    assert all(math.prod(shape) for shape in shapes)
    pairs = [case.trial.shapes for case in gpu_plan(PAIR, 20, 0)]
    assert all(len(pair["a"]) == len(pair["b"]) for pair in pairs), "the plugin appends what numpy prepends"
    assert any(pair["a"] != pair["b"] for pair in pairs)


def test_layouts_differ_from_the_usual_one_in_one_thing() -> None:
    names = [one.inputs for one in layouts(described({"name": "x", "dims": ["N", "C|1", "...", "2"]}))]
    assert names[0] == {"x": ("N", "C", "...0", "...1", 2)}
    assert {"x": ("N", 1, "...0", "...1", 2)} in names
    assert {"x": ("N", "C", 2)} in names
