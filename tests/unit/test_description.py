"""op.toml: what it may contain, contradictions in it, and its shape rules."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from ovext.errors import ProjectError
from ovext.project import OpDescription, read_op
from ovext.project.attributes import ATTRIBUTE_TYPES
from ovext.project.op import json_schema
from ovext.project.shapes import bound_sizes, output_shapes
from ovext.toml import parse_toml

FULL = """\
schema = 1
type = "Blend"
opset = "my_ops"
constraints = ["C % groups == 0"]

[[inputs]]
name = "data"
types = ["f32", "f16"]
dims = ["N", "C", "...", "2"]
ranks = [3, 4]

[[inputs]]
name = "other"
types = "data"
dims = ["N", "C|1", "...", "2"]

[[outputs]]
name = "out"
shape = ["N", "C // groups", "..."]

[[outputs]]
name = "chosen"
type = "i64"
shape = "data-dependent"
rank = 1

[[attributes]]
name = "groups"
type = "int"
min = 1
default = 1

[[attributes]]
name = "mode"
type = "enum"
values = ["nearest", "linear"]
default = "linear"

[[attributes]]
name = "weights"
type = "float[]"
min = 0
max = 1

[[attributes]]
name = "kind"
type = "type"
default = "f16"

[frameworks.onnx]
type = "Blend"
domain = "my.domain"
attributes = { groups = "num_groups" }
defaults = { weights = [0.5] }

[frameworks.pytorch]
type = "my_ops::blend"
arguments = { mode = 2 }

[frameworks.paddle]
type = "blend"
inputs = ["X", "Y"]
outputs = ["Out", "Chosen"]

[frameworks.jax]
type = "blend"
constants = { weights = [1.0] }

[test]
specials = ["nan"]
attributes = { mode = ["nearest", "linear"] }

[[test.cases]]
shapes = { data = [1, 4, 5, 2], other = [1, 1, 5, 2] }
attributes = { groups = 2, weights = [0.25, 0.75] }
outputs = { chosen = [3] }
"""
UNREADABLE = """\
[frameworks.jax]
type = "blend"
constants = { weights = [1.0] }
"""


PYTORCH = """\
[frameworks.pytorch]
type = "my_ops::blend"
arguments = { mode = 2 }
"""


def read(folder: Path, text: str = FULL) -> OpDescription:
    (folder / "op.toml").write_text(text)
    return read_op(folder)


def test_a_description_with_everything_is_read(tmp_path: Path) -> None:
    op = read(tmp_path)
    assert op.types_for("f16") == ["f16", "f16", "f16", "i64"]
    assert [name for name, _ in op.frameworks.given()] == ["onnx", "pytorch", "paddle", "jax"]
    assert op.ir_attributes(op.example()) == {
        "groups": "1",
        "mode": "linear",
        "weights": "0.25,0.75",
        "kind": "f16",
    }


def test_every_description_that_is_read_fits_the_schema(tmp_path: Path) -> None:
    schema = json.loads(json_schema())
    read(tmp_path)
    jsonschema.validate(parse_toml(FULL, tmp_path), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(parse_toml(FULL.replace("my_ops", "my ops"), tmp_path), schema)


@pytest.mark.parametrize(
    ("data", "other", "out"),
    [
        ((1, 4, 5, 2), (1, 1, 5, 2), (1, 2, 5)),
        ((0, 6, 2), (0, 6, 2), (0, 3)),
    ],
)
def test_names_stand_for_sizes(
    data: tuple[int, ...], other: tuple[int, ...], out: tuple[int, ...], tmp_path: Path
) -> None:
    shapes = output_shapes(read(tmp_path), {"data": data, "other": other}, {"groups": 2}, {"chosen": [7]})
    assert shapes == {"out": out, "chosen": (7,)}


@pytest.mark.parametrize(
    ("data", "other", "told"),
    [
        ((1, 4, 5, 2), (1, 2, 5, 2), "the dimension C is 4 and, in 'other', 2"),
        ((1, 4, 5, 2), (1, 1, 6, 2), r"the dimensions \.\.\. are \[5\] and, in 'other', \[6\]"),
        ((1, 4, 5, 3), (1, 1, 5, 2), "a dimension is 2 and, in 'data', 3"),
        ((1, 4, 5, 5, 2), (1, 1, 5, 5, 2), "'data' has 3 or 4 dimensions, not 5"),
        ((1, 4, 2), (2, 2), r"'other' has the dimensions N, C\|1, \.\.\., 2, not \[2, 2\]"),
        ((1, 3, 2), (1, 3, 2), "C % groups == 0 does not hold for C = 3, groups = 2"),
    ],
)
def test_shapes_that_break_a_rule_are_refused(
    data: tuple[int, ...], other: tuple[int, ...], told: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=told):
        bound_sizes(read(tmp_path), {"data": data, "other": other}, {"groups": 2})


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ('type = "Blend"\nopset', 'type = "class"\nopset', 2, "'class' is a keyword of C++; write 'class_'"),
        ('name = "groups"', 'name = "lambda"', 28, "'lambda' is a keyword of Python; write 'lambda_'"),
        ('name = "data"', 'name = "../data"', 7, "'../data' is no name"),
        ('opset = "my_ops"', "opset = '''my\"ops'''", 3, "write 'my_ops'"),
        ('types = "data"', 'types = "date"', 14, "'date' is no earlier input (did you mean 'data'?)"),
        ('["f32", "f16"]', '["f32", "half"]', 8, "'half' is not allowed"),
        ('["N", "C|1", "...", "2"]', '["N", "K|1", "...", "2"]', 15, "'K|1' needs an earlier dimension K"),
        ('["N", "C|1", "...", "2"]', '["N", "...", "...", "2"]', 15, "'...' stands in it more than once"),
        ('["N", "C|1", "...", "2"]', '["N", "C-1"]', 15, "'C-1' is no dimension"),
        ("ranks = [3, 4]", "ranks = [2]", 9, "they do not fit the rank 2"),
        ('dims = ["N", "C", "...", "2"]\nranks = [3, 4]', 'dims = ["N", "C"]\nranks = [2, 3]', 9, "not fit the rank 3"),
        ("C % groups == 0", "C % group == 0", 4, "'group' is no dimension or whole-number attribute"),
        ("C % groups == 0", "C % groups", 4, "compares no two formulas"),
        ("rank = 1", "", 21, "a data-dependent shape needs its rank"),
        ('shape = ["N", "C // groups", "..."]', "rank = 3", 19, "the rule for the shape tells the rank"),
        ("min = 1\n", "min = 2\n", 31, "1 is less than its min, 2"),
        ("max = 1", "max = -1", 43, "it is less than min, 0"),
        ('values = ["nearest", "linear"]', "", 33, "an enum needs the values"),
        ('type = "int"', 'type = "int"\nvalues = ["a"]', 30, "only an enum has values"),
        ('type = "type"', 'type = "type"\nmin = 1', 48, "only numbers have bounds"),
        ('default = "linear"', 'default = "linaer"', 37, "'linaer' is no enum (did you mean 'linear'?)"),
        ('default = "f16"', 'default = "fp16"', 48, "'fp16' is no type (did you mean 'f16'?)"),
        ("[0.25, 0.75]", "[0.25, 1.75]", 75, "1.75 is more than its max, 1"),
        ('{ groups = "num_groups" }', '{ group = "num_groups" }', 53, "'group' is no attribute (did you mean"),
        ("defaults = { weights", "defaults = { wieghts", 54, "'wieghts' is no attribute"),
        ("{ mode = 2 }", "{ mode = 1 }", 58, "argument 1 of 'mode' is the input 'other'"),
        ("{ mode = 2 }", "{ mode = 2, kind = 2 }", 58, "argument 2 stands for two attributes"),
        ('["X", "Y"]', '["X"]', 60, "it names 1 inputs, and the op has 2"),
        (
            "constants = { weights = [1.0] }",
            "",
            65,
            "'weights' needs a constant: OpenVINO cannot read float[] from models of jax",
        ),
        ('type = "my_ops::blend"', "type = 'my\"ops'", 57, "no space, quote or backslash"),
        ('mode = ["nearest", "linear"]', 'mode = ["cubic"]', 71, "'cubic' is no enum"),
        ("outputs = { chosen", "outputs = { choosen", 76, "'choosen' is no output"),
        ('"C // groups"', '"C / groups"', 19, "'C / groups' is not allowed in a formula"),
        ('"C // groups"', '"min(C)"', 19, "'min(C)' is not allowed in a formula"),
        ('"C // groups"', '"+C"', 19, "'+C' is not allowed in a formula"),
        ('"C // groups", "..."', '"...", "..."', 19, "'...' stands in it more than once"),
        ("C % groups == 0", "C / groups == 1", 4, "is not allowed in a formula"),
        ('name = "groups"', 'name = "visit"', 28, "generated code needs the name 'visit' itself"),
        ('"nearest", "linear"', '"NAN", "linear"', 36, "'NAN' is a keyword of C++"),
        ('["N", "C", "...", "2"]', '["other", "C", "...", "2"]', 9, "'other' is an input: name the dimension"),
        ('["f32", "f16"]', '["f32", "f32"]', 8, "an element type stands there twice"),
        ("min = 1\n", "min = 0.5\n", 30, "0.5 is no whole number"),
        ("min = 0\n", "min = -inf\n", 42, "-inf bounds nothing"),
        ('type = "int"', 'type = "u8"\nmax = 256', 30, "256 is no u8: that is 0 to 255"),
        ('domain = "my.domain"', "domain = 'my\"domain'", 52, "no space, quote or backslash"),
        ("[test]", "[test.ranges]\ndata = [2, 1]\n[test]", 70, "[2, 1] is no range"),
        ('opset = "my_ops"', 'opset = "my_ops"\ndoc = "\\u0007"', 4, "cannot be printed"),
    ],
)
def test_contradictions_are_told_with_their_line(old: str, new: str, line: int, told: str, tmp_path: Path) -> None:
    assert old in FULL
    with pytest.raises(ProjectError) as caught:
        read(tmp_path, FULL.replace(old, new, 1))
    lines = str(caught.value).splitlines()
    assert any(said.startswith(f"{tmp_path / 'op.toml'}:{line}: ") and told in said for said in lines), lines


@pytest.mark.parametrize("name", ATTRIBUTE_TYPES)
def test_every_type_of_attribute_has_an_example_that_it_can_be(name: str, tmp_path: Path) -> None:
    values = '\nvalues = ["one", "two"]' if name == "enum" else ""
    text = f'[[attributes]]\nname = "fresh"\ntype = "{name}"{values}\n\n[[test.cases]]'
    # The types that these frameworks cannot provide are reported elsewhere.
    alone = FULL.replace(UNREADABLE, "").replace(PYTORCH, "")
    attribute = read(tmp_path, alone.replace("[[test.cases]]", text)).attributes[-1]
    assert attribute.refusal_of(attribute.example()) == ""
