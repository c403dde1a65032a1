"""Shape rules of op.toml, and contradictions within one op.toml."""

from __future__ import annotations

import gc
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from ovext.errors import ProjectError
from ovext.gpu.from_op import layer_of
from ovext.project import OpDescription, read_op
from ovext.project.shapes import evaluate, output_shapes
from ovext.proof.gpu_setting import PluginSetting
from ovext.targets.openvino_version import DEFAULT_RELEASE, OpenVINOVersion

GOOD = """\
schema = 1
type = "Pool"
opset = "opset1"

[[inputs]]
name = "data"
types = ["f32", "f16"]
dims = ["N", "C", "H", "W"]

[[inputs]]
name = "bias"
types = ["f32"]

[[outputs]]
name = "out"
shape = ["N", "C", "(H - kernel) // 2 + 1", "max(W, kernel)"]

[[outputs]]
name = "sum"
type = "bias"
shape = "broadcast"

[[attributes]]
name = "kernel"
type = "int"
default = 3

[gpu]
entry = "pool"
global = ["X"]
buffers = ["data", "bias", { tensor = "out", format = "BYXF" }]
defines = { KERNEL = "kernel" }

[[test.cases]]
shapes = { data = [1, 2, 8, 2], bias = [2, 1, 1] }
"""


def read(folder: Path, text: str) -> OpDescription:
    (folder / "op.toml").write_text(text)
    return read_op(folder)


def test_shapes_follow_the_rules(tmp_path: Path) -> None:
    op = read(tmp_path, GOOD)
    shapes = {"data": (1, 2, 8, 2), "bias": (2, 1, 1)}
    assert output_shapes(op, shapes, {"kernel": 3}) == {"out": (1, 2, 3, 3), "sum": (1, 2, 8, 2)}
    assert op.types_for("f16") == ["f16", "f32", "f16", "f32"]


def test_a_shape_with_a_negative_size_is_refused(tmp_path: Path) -> None:
    op = read(tmp_path, GOOD)
    shapes = {"data": (1, 2, 8, 2), "bias": (2, 1, 1)}
    with pytest.raises(ValueError, match=r"'out' would have the shape \[1, 2, -10, 30\]"):
        output_shapes(op, shapes, {"kernel": 30})


def test_tolerance_is_that_of_the_output(tmp_path: Path) -> None:
    text = GOOD.replace('types = ["f32", "f16"]', 'types = ["i32"]').replace(
        'name = "out"', 'name = "out"\ntype = "bias"'
    )
    op = read(tmp_path, text)
    layer = layer_of(op)
    assert layer is not None
    in_f32 = PluginSetting(op, ("i32", "f32", "f32", "f32"), layer, "f32", OpenVINOVersion.parse(DEFAULT_RELEASE))
    in_f16 = replace(in_f32, precision="f16")
    assert [one["absolute"] for one in in_f32.common({})["tolerances"]] == [1e-5, 1e-5]
    assert [one["absolute"] for one in in_f16.common({})["tolerances"]] == [2e-3, 2e-3]
    assert in_f16.common({})["rounded_to"] == ["i32", "f16"]
    assert (in_f32.types_text, in_f16.types_text) == ("i32,f32", "i32,f32 as f16")


def test_values_have_the_type_of_their_attribute(tmp_path: Path) -> None:
    text = GOOD.replace("default = 3", 'default = 3\n[[attributes]]\nname = "alpha"\ntype = "float"\ndefault = 1')
    text = text.replace("[gpu]", '[[attributes]]\nname = "slopes"\ntype = "float[]"\n[gpu]')
    values = read(tmp_path, text).values({"slopes": [1, 2]})
    assert values == {"kernel": 3, "alpha": 1.0, "slopes": [1.0, 2.0]}
    assert [type(values["kernel"]), type(values["alpha"])] == [int, float]


@pytest.mark.parametrize(
    ("formula", "value"), [("7 // 2", 3), ("-7 // 2", -4), ("(a + 1) * 2 % 5", 3), ("min(a, 2, 3)", 2), ("a - -a", 6)]
)
def test_formulas_are_computed(formula: str, value: int) -> None:
    assert evaluate(formula, {"a": 3}) == value


@pytest.mark.parametrize(
    "formula", ["", "a +", "b", "a / 2", "a ** 9", "f(a)", "a if a else 1", "'a'", "a // 0", "1.5"]
)
def test_what_is_no_formula_is_refused(formula: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        evaluate(formula, {"a": 3})


@pytest.mark.parametrize(
    ("old", "new", "line", "text"),
    [
        ('name = "bias"', 'name = "data"', 11, "the name 'data' is taken"),
        ('type = "bias"', 'type = "biass"', 20, "'biass' is no element type and no input (did you mean 'bias'?)"),
        ('"broadcast"', '"broadcasted"', 21, "'broadcasted' is no input and no rule (did you mean 'broadcast'?)"),
        ("max(W, kernel)", "max(W, kernle)", 16, "'kernle' is no dimension or whole-number attribute"),
        ("max(W, kernel)", "max(W,", 16, "'max(W,' is no formula"),
        ("default = 3", "default = 3.5", 26, "3.5 is no int"),
        ("default = 3", "default = true", 26, "True is no int"),
        (
            '"data", "bias", {',
            '"date", "bias", {',
            31,
            "'date' is no input, output or scratch buffer (did you mean 'data'?)",
        ),
        (
            'format = "BYXF"',
            'format = "BFZYX"',
            31,
            "gpu.buffers.2.format: 'BFZYX' is not allowed (did you mean 'BFYX'?); allowed: BFYX, BYXF",
        ),
        ('"data", "bias", {', '"data", 7, {', 31, "gpu.buffers.1: Input should be a valid"),
        ('KERNEL = "kernel"', 'KERNEL = "kernels"', 32, "'kernels' is no attribute (did you mean 'kernel'?)"),
        (
            "[[test.cases]]",
            "[test.ranges]\nbais = [0, 1]\n[[test.cases]]",
            35,
            "'bais' is no input (did you mean 'bias'?)",
        ),
        (
            "bias = [2, 1, 1] }",
            "bias = [2, 1, 1] }\nattributes = { kernel = 2.5 }",
            36,
            "2.5 is no int",
        ),
        ("bias = [2, 1, 1] }", "bias = [2, 1, 1] }\nattributes = { kernl = 2 }", 36, "'kernl' is no attribute"),
        ("bias = [2, 1, 1] }", "bias = [2, -1, 1] }", 35, "greater than or equal to 0"),
        ("bias = [2, 1, 1] }", "bais = [2, 1, 1] }", 35, "one shape for each input, but not so for bais, bias"),
        ("data = [1, 2, 8, 2]", "data = [2, 8, 2]", 35, "'data' has the dimensions N, C, H, W, not [2, 8, 2]"),
        ("bias = [2, 1, 1] }", "bias = [2, 5, 5] }", 35, "broadcast"),
    ],
)
def test_contradictions_are_told_with_line_and_nearest_word(
    old: str, new: str, line: int, text: str, tmp_path: Path
) -> None:
    assert old in GOOD
    with pytest.raises(ProjectError) as caught:
        read(tmp_path, GOOD.replace(old, new, 1))
    assert any(
        said.startswith(f"{tmp_path / 'op.toml'}:{line}: ") and text in said for said in str(caught.value).splitlines()
    )


def test_a_kernel_must_lie_beside_its_op(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"gpu\.kernel"):
        read(tmp_path, GOOD.replace('entry = "pool"', 'entry = "pool"\nkernel = "../pool.cl"'))


class Loop:
    """Garbage, whose collection gives other threads a turn wherever it happens."""

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        sum(range(50))


def test_formulas_may_be_parsed_in_several_threads() -> None:
    """As the jobs of a proof do."""

    def evaluated(number: int) -> int:
        Loop()
        return evaluate(f"(N + {number}) * 2 - max(N, {number}) + ((({number} + 1) * 2) + 3)", {"N": 8})

    threshold, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(20)
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            values = list(pool.map(evaluated, range(2000)))
    finally:
        gc.set_threshold(*threshold)
        sys.setswitchinterval(interval)
    assert values == [(8 + number) * 2 - max(8, number) + (number + 1) * 2 + 3 for number in range(2000)]
