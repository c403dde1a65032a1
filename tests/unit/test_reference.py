"""Drawing inputs and comparing results, as in the processes that run kernels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ovext.worker.tasks.compare import compare
from ovext.worker.tasks.reference import expected_outputs
from ovext.worker.tasks.values import draw

TOLERANCE = {"absolute": 0.1, "relative": 0.01}


PLAIN = {"one_of": [], "sorted": False, "unique": False}


def request_for(element: str, reference: Path = Path("none.py"), **changed: Any) -> dict[str, Any]:
    request = {"input_types": [element], "ranges": [(-8, 8)], "rounded_to": [element], "input_names": ["x"]}
    request |= {
        "may_be_large": [True],
        "seed": 0,
        "values": "uniform",
        "specials": [],
        "given": [None],
        "meanings": [PLAIN],
        "attributes": {},
    }
    return {**request, "reference": str(reference), **changed}


def inputs(element: str, *, rounded_to: str = "", **changed: Any) -> np.ndarray[Any, Any]:
    request = request_for(element, **changed)
    return draw({**request, "rounded_to": [rounded_to or element]}, [(40, 5)])[0]


@pytest.mark.parametrize(
    ("element", "dtype"), [("f32", "float32"), ("f16", "float16"), ("i64", "int64"), ("u8", "uint8")]
)
def test_inputs_have_their_type_and_range(element: str, dtype: str) -> None:
    drawn = inputs(element)
    assert drawn.dtype == dtype
    assert drawn.min() >= (0 if element == "u8" else -8)
    assert drawn.max() <= 8
    assert len(np.unique(drawn)) > 5


def test_booleans_are_both() -> None:
    assert set(np.unique(inputs("boolean"))) == {False, True}


def test_inputs_for_half_precision_are_rounded_to_it() -> None:
    exact, rounded = inputs("f32"), inputs("f32", rounded_to="f16")
    assert rounded.dtype == np.float32
    assert np.array_equal(rounded, exact.astype(np.float16).astype(np.float32))
    assert not np.array_equal(rounded, exact)


def test_values_have_the_meaning_that_is_told() -> None:
    drawn = inputs("i64", ranges=[(0, 5)], meanings=[{**PLAIN, "sorted": True, "unique": True}])
    assert all(len(set(row)) == 5 and sorted(row) == list(row) for row in drawn)
    assert {*drawn.flat} == set(range(6))
    assert {*inputs("f32", meanings=[{**PLAIN, "one_of": [1.5, 2.0]}]).flat} == {1.5, 2.0}


def test_values_of_a_case_and_of_the_author_come_first(tmp_path: Path) -> None:
    given = [[number] * 5 for number in range(40)]
    assert inputs("i32", given=[given])[7, 1] == 7
    reference = tmp_path / "reference.py"
    reference.write_text(
        "def make_inputs(shapes, generator, *, k):\n"
        "    return {'x': generator.permutation(shapes['x'][0] * 5).reshape(shapes['x']) + k}\n"
    )
    made = inputs("i32", reference=reference, attributes={"k": 100})
    assert sorted(made.flat) == list(range(100, 300))
    wrong = tmp_path / "wrong.py"
    wrong.write_text("def make_inputs(shapes, generator):\n    return {'x': [1, 2]}\n")
    with pytest.raises(RuntimeError, match=r"makes 'x' of shape \[2\], not \[40, 5\]"):
        inputs("i32", reference=wrong)


def test_what_is_within_the_tolerance_agrees() -> None:
    expected = np.array([0.0, 10.0, np.nan, np.inf], np.float32)
    result = compare(np.array([0.09, 10.19, np.nan, np.inf], np.float32), expected, TOLERANCE)
    assert (result["agrees"], result["wrong"], result["worst"]) == (True, 0, "")
    assert result["absolute"] == pytest.approx(0.19, rel=1e-3)
    assert result["relative"] == pytest.approx(0.019, rel=1e-3)


@pytest.mark.parametrize(("actual", "agrees"), [(10.198, True), (10.202, False), (9.802, True), (9.798, False)])
def test_the_tolerance_ends_where_it_says(actual: float, agrees: bool) -> None:
    """0.1 + 0.01 * |10|: 0.99 of it passes, 1.01 of it fails."""
    result = compare(np.array([actual]), np.array([10.0]), TOLERANCE)
    assert (result["agrees"], result["wrong"]) == (agrees, int(not agrees))


def test_the_worst_element_is_told() -> None:
    expected = np.zeros((2, 3), np.float32)
    actual = np.array([[0.0, 0.2, 0.0], [0.0, 0.0, 7.0]], np.float32)
    result = compare(actual, expected, TOLERANCE)
    assert (result["agrees"], result["wrong"], result["elements"]) == (False, 2, 6)
    assert result["worst"] == "at [1, 2]: 7 instead of 0, off by 7"


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_wrong_where_a_number_is_expected(odd: float) -> None:
    result = compare(np.array([odd], np.float32), np.array([1.0], np.float32), TOLERANCE)
    assert result["wrong"] == 1
    assert np.isfinite([result["absolute"], result["relative"]]).all(), "JSON has no infinity"


def test_another_shape_is_told() -> None:
    result = compare(np.zeros((2, 3)), np.zeros((3, 2)), TOLERANCE)
    assert result == {"check": "shapes", "shape": "[2, 3] instead of [3, 2]", "agrees": False}


@pytest.mark.parametrize(
    ("body", "expected"),
    [("data * 2", [[2.0]]), ("(data * 3, data)", [[3.0], [1.0]]), ("[data * 4]", [[4.0]]), ("data[0] * 5", [5.0])],
)
def test_reference_may_give_one_output_or_several(body: str, expected: Any, tmp_path: Path) -> None:
    file = tmp_path / "scaled" / "reference.py"
    file.parent.mkdir()
    file.write_text(f"def scaled(data):\n    return {body}\n")
    request = {
        "reference": str(file),
        "reference_arguments": [0],
        "attributes": {},
        "output_types": ["f64"] * len(expected),
    }
    outputs = expected_outputs(request, [np.ones(1)])
    assert [one.tolist() for one in outputs] == expected
