"""What a kernel computes in parallel, and the sizes that it gets: [kernel] of op.toml, and sizes.hpp."""

from __future__ import annotations

from typing import Any

import pytest

from ovext.project import OpDescription
from ovext.project.consistency import contradictions
from ovext.project.rows import named_dims, parallel_dims
from ovext.scaffold.sizes import sizes_hpp


def described(outputs: list[Any], *inputs: list[str], **kernel: Any) -> OpDescription:
    """An op with inputs of these dimensions, and outputs with these shapes."""
    return OpDescription.model_validate(
        {
            "schema": 1,
            "type": "T",
            "opset": "t",
            "inputs": [{"name": f"in{i}", "types": ["f32"], "dims": dims} for i, dims in enumerate(inputs)],
            "outputs": [{"name": f"out{i}", "shape": shape} for i, shape in enumerate(outputs)],
            "kernel": kernel,
        }
    )


@pytest.mark.parametrize(
    ("outputs", "inputs", "rows"),
    [
        (["in0"], [["N", "...", "C"], ["C"]], ["N", "..."]),  # over C
        ([["N"]], [["N", "D"]], ["N"]),
        ([["N", "M"]], [["N", "K"], ["K", "M"]], ["N"]),  # M is the last of an input
        ([["N", "Q", "M * D"]], [["N", "S", "M", "D"], ["N", "Q", "M"]], ["N", "Q"]),
        ([["N", "Q"], ["N", "D"]], [["N", "Q", "D"]], ["N"]),
        ([["N"], ["D"]], [["N", "D"]], []),
        (["in0"], [["N"]], ["N"]),
        (["in1"], [["C"], ["C|1", "H"]], []),
        (["custom"], [["N", "D"]], []),
        ([["2", "N"]], [["N", "D"]], []),
    ],
)
def test_rows_are_the_outer_dimensions_that_outputs_share(
    outputs: list[Any], inputs: list[list[str]], rows: list[str]
) -> None:
    assert parallel_dims(described(outputs, *inputs)) == rows


def test_names_of_dimensions() -> None:
    assert named_dims(described(["in0"], ["N", "2", "...", "C"], ["C|1", "K"])) == ["N", "...", "C", "K"]


@pytest.mark.parametrize(
    ("kernel", "told"),
    [
        ({"parallel": ["D"]}, "rows are the first dimensions of each output, and 'out0' begins with N, D"),
        ({"parallel": ["N", "K"]}, "rows are the first dimensions of each output"),
        ({"scratch": "Q * 4"}, "'Q' is no dimension of an input"),
        ({"scratch": "D - 1"}, "a number of bytes is made of sizes and numbers with + * min max"),
        ({"scratch": "D //"}, "'D //' is no formula"),
        ({"scratch": "D < 4"}, "a number of bytes is made of"),
    ],
)
def test_a_wrong_table_is_told(kernel: dict[str, Any], told: str) -> None:
    (where, problem), *_ = contradictions(described([["N", "D"]], ["N", "D"], **kernel))
    assert (where[0], told in problem) == ("kernel", True), problem


def test_sizes_are_read_where_a_shape_has_them() -> None:
    op = described([["N", "C"]], ["N", "...", "C"], ["C|1", "K"], parallel=["N"], scratch="max(C, K) * 4 + 64")
    text = sizes_hpp(op, "t")
    for line in (
        "sizes.N = inputs[0][0];",
        "sizes.rest = product(inputs[0], 1, inputs[0].size() - 1);",
        "sizes.C = inputs[0][inputs[0].size() - 1];",
        "sizes.K = inputs[1][1];",
        "sizes.out0_size = product(outputs[0], 0, outputs[0].size());",
        "return N;",
        "return plus(times(std::max<std::size_t>({C, K}), 4), 64);",
    ):
        assert line in text, text


def test_a_dimension_may_have_a_name_that_cpp_needs() -> None:
    text = sizes_hpp(described([["rows"]], ["rows", "in0_size", "int"]), "t")
    assert "std::size_t rows_ = 0;  ///< the dimension rows" in text
    assert "std::size_t in0_size_ = 0;" in text
    assert "std::size_t int_ = 0;" in text
    assert "return rows_;" in text


def test_without_names_there_is_no_header() -> None:
    assert not sizes_hpp(described(["in0"], ["2", "3"]), "t")
