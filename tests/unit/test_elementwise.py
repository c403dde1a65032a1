"""`elementwise` of op.toml: what it may contain, and the same formula in C++, numpy and OpenCL C."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import ROOT
from ovext.project import OpDescription
from ovext.project.consistency import contradictions
from ovext.project.elementwise import FUNCTIONS, in_language

SAME = {"x": "x", "beta": "beta"}


def described(formula: str, *, types: tuple[str, ...] = ("f32",), **rest: Any) -> OpDescription:
    data = {
        "schema": 1,
        "type": "T",
        "opset": "t",
        "elementwise": formula,
        "inputs": [{"name": "x", "types": list(types)}],
        "attributes": [
            {"name": "beta", "type": "float", "default": 1.0},
            {"name": "mode", "type": "enum", "values": ["a", "b"], "default": "a"},
        ],
    }
    return OpDescription.model_validate({**data, **rest})


@pytest.mark.parametrize(
    ("formula", "cpp", "numpy", "opencl"),
    [
        (
            "x * sigmoid(beta * x)",
            "(x * ovext::sigmoid((beta * x)))",
            "(x * np.exp(-np.logaddexp(0, -((beta * x)))))",
            "(x * (1.0f / (1.0f + exp(-((beta * x))))))",
        ),
        ("-x - 2", "((-x) - T(2.0))", "((-x) - 2.0)", "((-x) - 2.0f)"),
        ("where(x > 0, x, beta)", "(x > T(0.0) ? x : beta)", "np.where(x > 0.0, x, beta)", "(x > 0.0f ? x : beta)"),
        ("max(x, 1e-3)", "std::max<T>(x, T(0.001))", "np.maximum(x, 0.001)", "fmax(x, 0.001f)"),
    ],
)
def test_the_formula_in_each_language(formula: str, cpp: str, numpy: str, opencl: str) -> None:
    op = described(formula)
    assert contradictions(op) == []
    assert (in_language(op, "cpp", SAME), in_language(op, "numpy", SAME)) == (cpp, numpy)
    assert in_language(op, "opencl", SAME) == opencl


@pytest.mark.parametrize(
    ("formula", "told"),
    [
        ("x *", "'x *' is no formula"),
        ("x * betta", "'betta' is no input and no attribute that is a number (did you mean 'beta'?)"),
        ("x * mode", "'mode' is no input and no attribute that is a number"),
        ("cosh(x)", "'cosh' is no function"),
        ("x.real", "is not allowed: use + - * /, functions, and where"),
        ("x ** 2", "is not allowed"),
        ("x // 2", "is not allowed"),
        ("x if beta else 1", "is not allowed"),
        ("'x'", "is no number"),
        ("True", "is no number"),
        ("x < beta", "a comparison is only the first argument of where()"),
        ("where(x, x, beta)", "where() has a comparison"),
        ("where(0 < x < 1, x, beta)", "where() has a comparison"),
        ("exp(x, x)", "exp() has 1 argument"),
        ("pow(x)", "pow() has 2 arguments"),
        ("exp(*x)", "exp() has 1 argument"),
        ("__import__('os')", "is no function"),
        ("exp(x=x)", "is no function"),
        ("max(x, y=1)", "is no function"),
    ],
)
def test_what_is_no_formula_is_told(formula: str, told: str) -> None:
    assert any(told in problem for _, problem in contradictions(described(formula)))


def test_it_needs_floating_point_types_that_its_functions_have() -> None:
    (_, integers), *_ = contradictions(described("x + 1", types=("f32", "i32")))
    assert integers == "it is for floating-point types, not for i32"
    (_, double), *_ = contradictions(described("gelu(x)", types=("f64",)))
    assert double == "gelu() does not exist for f64"
    (_, shape), *_ = contradictions(described("x", outputs=[{"name": "y", "shape": "custom"}]))
    assert shape.startswith("it needs one output")


_LEAVES = st.sampled_from(["x", "beta", "2", "0.5"])
_FORMULAS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda one: f"({one[0]} {one[1]} {one[2]})"),
        inner.map(lambda one: f"-{one}"),
        st.tuples(inner, inner, inner, inner).map(lambda one: f"where({one[0]} < {one[1]}, {one[2]}, {one[3]})"),
        st.tuples(st.sampled_from(["exp", "tanh", "abs"]), inner).map(lambda one: f"{one[0]}({one[1]})"),
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(formula=_FORMULAS, x=st.floats(-3, 3), beta=st.floats(0.5, 2))
def test_numpy_computes_what_the_formula_says(formula: str, x: float, beta: float) -> None:
    """As Python itself computes it, with its own functions."""
    if len(formula) > 200:
        return
    op = described(formula)
    assert contradictions(op) == []
    names = {"x": x, "beta": beta, "exp": np.exp, "tanh": np.tanh, "where": np.where}
    with np.errstate(all="ignore"):
        arrays = {"x": np.float64(x), "beta": np.float64(beta)}
        expected = eval(formula, {"__builtins__": {"abs": abs}}, {**names, **arrays})  # noqa: S307  made above
        got = eval(in_language(op, "numpy", SAME), {"np": np, "math": math}, arrays)  # noqa: S307
    assert np.array_equal(got, expected, equal_nan=True)


def test_the_docs_list_the_functions() -> None:
    page = " ".join((ROOT / "docs" / "op.md").read_text(encoding="utf-8").split())
    assert f"`{' '.join(sorted(FUNCTIONS))}`" in page
    assert f"`{' '.join(sorted(name for name, one in FUNCTIONS.items() if one.has_double))}`" in page
