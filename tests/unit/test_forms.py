"""Inputs that are optional, or consist of many tensors, or are none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ovext.errors import ProjectError, UsageError
from ovext.project import described
from ovext.project.forms import arguments_of, form_text, form_with, forms, usual_form
from ovext.project.shapes import output_shapes
from ovext.proof.cases import settings_on_cpu
from ovext.proof.plan import plan
from ovext.proof.request import ProofRequest
from ovext.proof.trial import trial_from_json
from ovext.scaffold.cpp import shape_code
from ovext.scaffold.describe import OpRequest, op_from_request
from ovext.scaffold.op_files import op_files
from ovext.scaffold.sizes import sizes_hpp

if TYPE_CHECKING:
    from ovext.project import OpDescription

pytestmark = pytest.mark.quick


def op_with(*inputs: dict[str, Any], **more: Any) -> OpDescription:
    data = {"schema": 1, "type": "T", "opset": "o", "inputs": list(inputs), **more}
    return described(data, lambda at: ".".join(map(str, at)))


DATA = {"name": "data", "types": ["f32"], "dims": ["N", "C"]}
WEIGHT = {"name": "weight", "types": "data", "dims": ["C"], "optional": True}
BIAS = {"name": "bias", "types": "data", "dims": ["C"], "optional": True}
MANY = {"name": "xs", "types": ["f32", "f16"], "dims": ["..."], "many": "1.."}


def test_an_optional_input_gives_a_form_with_and_one_without_it() -> None:
    op = op_with(DATA, WEIGHT, BIAS)
    assert [[one.name for one in form.inputs] for form in forms(op)] == [
        ["data"],
        ["data", "weight"],
        ["data", "weight", "bias"],
    ]
    assert [form_text(one) for one in forms(op)] == ["without weight and bias", "without bias", ""]
    assert [arguments_of(one) for one in forms(op)] == [[0, None, None], [0, 1, None], [0, 1, 2]]
    assert not any(one.optional for form in forms(op) for one in form.inputs)


@pytest.mark.parametrize(
    ("many", "counts"), [("1..", [1, 2, 5]), ("2..4", [2, 3, 4]), ("2..2", [2]), ("3..", [3, 4, 5]), ("7..", [7, 8])]
)
def test_many_tensors_are_tried_in_several_numbers(many: str, counts: list[int]) -> None:
    op = op_with({**MANY, "many": many}, outputs=[{"name": "out", "type": "xs", "shape": "xs"}])
    assert [len(one.inputs) for one in forms(op)] == counts
    last = forms(op)[-1]
    assert [one.name for one in last.inputs] == [f"xs_{number}" for number in range(counts[-1])]
    assert last.combinations() == [["f32"] * (counts[-1] + 1), ["f16"] * (counts[-1] + 1)]
    assert last.outputs[0].shape == "xs_0"
    assert arguments_of(last) == [list(range(counts[-1]))]
    assert form_text(last) == f"with {counts[-1]} xs"


def test_a_form_has_the_cases_and_values_that_are_told_of_its_inputs() -> None:
    cases = [{"shapes": {"xs_0": [2], "xs_1": [2], "xs_2": [2]}}, {"shapes": {"xs_0": [2]}}]
    op = op_with(MANY, test={"cases": cases, "ranges": {"xs": [0, 1]}, "values": {"xs": "sorted"}})
    form = usual_form(op)
    assert len(form.inputs) == 3
    assert [set(one.shapes) for one in form.test.cases] == [{"xs_0", "xs_1", "xs_2"}]
    assert form.range_of("xs_2") == (0, 1)
    assert form.meaning_of("xs_1").is_sorted


def test_a_case_chooses_its_form() -> None:
    op = op_with(DATA, WEIGHT, BIAS)
    case = json.dumps({"shapes": {"data": [1, 2], "weight": [2]}})
    (setting,) = settings_on_cpu(op, ProofRequest(case=case))
    assert setting.types_text == "f32 without bias"
    assert trial_from_json(case, setting.op).shapes == {"data": (1, 2), "weight": (2,)}
    with pytest.raises(UsageError, match=r"shapes for data, weight \(optional\), bias \(optional\)"):
        settings_on_cpu(op, ProofRequest(case=json.dumps({"shapes": {"data": [1, 2], "bias": [2]}})))


@pytest.mark.parametrize("names", [[], ["xs_1"], ["xs_0", "xs_2"], ["xs_0", "data"], ["xs"]])
def test_no_form_has_other_inputs(names: list[str]) -> None:
    with pytest.raises(ValueError, match="xs_0, xs_1"):
        form_with(op_with(MANY), names)


@pytest.mark.parametrize(
    ("inputs", "more", "said"),
    [
        ([DATA, BIAS, {**DATA, "name": "last"}], {}, "inputs.2.optional: .*'last' comes after an optional input"),
        ([MANY, DATA], {}, "only the last input can consist of many"),
        ([DATA, BIAS, MANY], {}, "does not support it together with optional inputs"),
        ([BIAS | {"types": ["f32"]}], {}, "inputs.0.optional: .*the first input must always be there"),
        ([{**MANY, "many": "0.."}], {}, "inputs.0.many: .*the first input must always be there"),
        ([{**MANY, "many": "3..2"}], {}, "3..2 is no range of numbers of tensors"),
        ([DATA | {"name": "xs_4"}, MANY], {}, "its tensors have names such as 'xs_4', which is taken"),
        ([DATA, WEIGHT, {**BIAS, "types": "weight"}], {}, "'weight' may be left out"),
        ([DATA, BIAS], {"outputs": [{"name": "o", "shape": "bias"}]}, "outputs.0.shape: .*'bias' may be left out"),
        ([DATA, BIAS], {"outputs": [{"name": "o", "type": "bias"}]}, "outputs.0.type: .*'bias' may be left out"),
        ([DATA, {**BIAS, "dims": ["K"]}], {"constraints": ["K > 1"]}, "'K' is not known where 'bias' is left out"),
        ([], {}, "an op without inputs needs an element type"),
        ([], {"outputs": [{"name": "o", "type": "f32"}]}, "needs a formula for each dimension"),
        ([DATA, BIAS], {"vpu": {"entry": "k", "global": ["X"], "arguments": {}}}, "does not support inputs that are"),
        ([DATA], {"gpu": {"entry": "k", "global": ["X"], "inputs": 1}}, "has no inputs that are optional or many"),
        ([DATA], {"test": {"cases": [{"shapes": {}}]}}, "one shape for each input, but not so for data"),
        ([MANY], {"test": {"cases": [{"shapes": {"xs": [1]}}]}}, "must give shapes for xs_0, xs_1 ..., and gives"),
    ],
)
def test_what_contradicts_itself_is_told(inputs: list[dict[str, Any]], more: dict[str, Any], said: str) -> None:
    with pytest.raises(ProjectError, match=said):
        op_with(*inputs, **more)


def test_the_command_line_says_which_inputs_are_optional_or_many() -> None:
    op = op_from_request(OpRequest(op="T", opset="o", inputs=["data:f32:N", "bias?:data:N"]))
    assert [one.optional for one in op.inputs] == [False, True]
    assert op.outputs[0].shape == ""
    op = op_from_request(OpRequest(op="T", opset="o", inputs=["a:f32:N", "xs+:f32", "ys*:i32"][:2]))
    assert op.inputs[1].many == "1.."
    op = op_from_request(OpRequest(op="T", opset="o", inputs=["none"], outputs=["out:f32:3"]))
    assert op.inputs == []


@pytest.mark.parametrize("wrong", ["f33", "bool", "float32", "fp32"])
def test_a_misspelt_element_type_is_told_with_all_types(wrong: str) -> None:
    with pytest.raises(ProjectError, match=f"'{wrong}' is no element type.*there are bf16, boolean, f16"):
        op_from_request(OpRequest(op="T", opset="o", inputs=[f"x:{wrong}"]))


ALPHA = {"name": "alpha", "types": "data", "dims": ["C"], "align": 1}
BROADCAST = {"outputs": [{"name": "out", "shape": "broadcast"}]}


@pytest.mark.parametrize(
    ("data", "alpha", "out"), [((2, 3, 4), (3,), (2, 3, 4)), ((2, 3), (3,), (2, 3)), ((2, 1, 4), (3,), (2, 3, 4))]
)
def test_an_aligned_input_is_broadcast_at_its_axis(
    data: tuple[int, ...], alpha: tuple[int, ...], out: tuple[int, ...]
) -> None:
    op = op_with({"name": "data", "types": ["f32"]}, ALPHA, **BROADCAST)
    assert output_shapes(op, {"data": data, "alpha": alpha}, {}) == {"out": out}


@pytest.mark.parametrize("data", [(3,), (2, 4, 3), ()])
def test_an_aligned_input_that_does_not_fit_is_refused(data: tuple[int, ...]) -> None:
    op = op_with({"name": "data", "types": ["f32"]}, ALPHA, **BROADCAST)
    with pytest.raises(ValueError, match=r"'alpha' has 1 dimensions from axis 1 on|broadcast"):
        output_shapes(op, {"data": data, "alpha": (3,)}, {})


def test_planned_sizes_fit_the_axis() -> None:
    op = op_with({"name": "data", "types": ["f32"]}, ALPHA, **BROADCAST)
    for case in plan(op, "f32", 2):
        data, alpha = case.trial.shapes["data"], case.trial.shapes["alpha"]
        assert alpha[0] == data[1] or 1 in (alpha[0], data[1])


@pytest.mark.parametrize(
    ("inputs", "more", "said"),
    [
        ([DATA, ALPHA], {}, "for ops with an output whose shape is `broadcast`"),
        ([DATA, {**ALPHA, "dims": ["..."]}], BROADCAST, "it needs `dims` of 'alpha'"),
        ([{**ALPHA, "types": ["f32"]}], BROADCAST, "another input that is always there must have all dimensions"),
    ],
)
def test_an_alignment_without_something_to_align_with_is_told(
    inputs: list[dict[str, Any]], more: dict[str, Any], said: str
) -> None:
    with pytest.raises(ProjectError, match=f"inputs.{len(inputs) - 1}.align: .*{said}"):
        op_with(*inputs, **more)


def test_generated_code_asks_whether_an_input_is_there() -> None:
    files = op_files(op_with(DATA, {**BIAS, "types": ["f32", "i32"]}), "t")
    assert "check_input_count(this, 1, 2);" in files["op.cpp"]
    assert 'if (inputs.size() > 1) {\n        dims.read("bias", inputs[1], {"C"});' in files["op.cpp"]
    assert "inputs.size() > 1 ? inputs[1].get_element_type() : ov::element::f32" in files["op.cpp"]
    assert "ovext::data_at(inputs, 1)" in files["op.cpp"]
    assert "bias: np.ndarray | None = None" in files["reference.py"]
    assert "`bias` is nullptr where the model has none." in files["kernel.hpp"]


def test_scratch_that_is_too_large_does_not_become_small() -> None:
    text = sizes_hpp(op_with(DATA, kernel={"scratch": "N * C * 4 + 64"}), "t")
    assert "return plus(times(times(N, C), 4), 64);" in text
    assert "__builtin_mul_overflow(a, b, &result)" in text


def test_generated_code_gives_many_tensors_to_the_kernel() -> None:
    op = op_with(DATA, {**MANY, "types": "data", "dims": ["N", "..."]})
    files = op_files(op, "t")
    assert "check_input_count(this, 2, std::numeric_limits<std::size_t>::max());" in files["op.cpp"]
    assert "for (std::size_t i = 1; i < inputs.size(); ++i) {" in "\n".join(shape_code(op))
    assert "const ovext::Tensors& xs" in files["kernel.hpp"]
    assert "xs: list[np.ndarray]" in files["reference.py"]
    assert "xs_size" not in sizes_hpp(op, "t")
