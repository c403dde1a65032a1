"""op.toml: the description of one op."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from ovext.project.gpu import Gpu, Vpu
from ovext.project.strict import Name, Strict

if TYPE_CHECKING:
    from collections.abc import Mapping

ElementType = Literal[
    "bf16",
    "boolean",
    "f16",
    "f32",
    "f64",
    "i16",
    "i32",
    "i4",
    "i64",
    "i8",
    "string",
    "u1",
    "u16",
    "u32",
    "u4",
    "u64",
    "u8",
]


Shape = list[Annotated[int, Field(ge=0)]]
AttributeValue = bool | int | float | str | list[int] | list[float]


class Input(Strict):
    name: Name
    types: list[ElementType] = Field(min_length=1)
    dims: list[Name] | None = Field(default=None, description="A name for each dimension, for formulas of shapes.")
    doc: str = ""


class Output(Strict):
    name: Name
    type: str = Field(default="", description="An element type, or the input that has the same; default the first.")
    shape: str | list[str] = Field(
        default="", description="The input that has the same, `broadcast`, or a formula for each dimension."
    )
    doc: str = ""


class Attribute(Strict):
    name: Name
    type: Literal["bool", "int", "float", "string", "int[]", "float[]"]
    default: AttributeValue | None = None
    doc: str = ""


class Case(Strict):
    """One shape of each input, and values of attributes, that the op is tried with."""

    shapes: dict[Name, Shape]
    attributes: dict[Name, AttributeValue] = Field(default={})


class Tolerance(Strict):
    """How far a result may be from the reference: absolute + relative * |reference|."""

    absolute: float = Field(ge=0)
    relative: float = Field(default=0.0, ge=0)


class Testing(Strict):
    """What the op is tried with."""

    cases: list[Case] = Field(default=[])
    ranges: dict[Name, tuple[float, float]] = Field(default={}, description="The values of an input: from, to.")
    tolerances: dict[ElementType, Tolerance] = Field(default={})


class OpDescription(Strict):
    """An op as models name it, and how it is computed and tried."""

    schema_version: Literal[1] = Field(alias="schema")
    type: Name
    opset: Name
    doc: str = ""
    inputs: list[Input] = Field(min_length=1)
    outputs: list[Output] = Field(default=[Output(name="output")])
    attributes: list[Attribute] = Field(default=[])
    gpu: Gpu | None = None
    vpu: Vpu | None = None
    test: Testing = Testing()

    def port_of(self, tensor: str) -> tuple[Literal["input", "output"], int]:
        """Whether the tensor of that name is an input or an output, and its number among them."""
        inputs = [one.name for one in self.inputs]
        if tensor in inputs:
            return "input", inputs.index(tensor)
        return "output", [one.name for one in self.outputs].index(tensor)

    def types_for(self, element: ElementType) -> list[str]:
        """The element type of each input, then of each output, in a model whose first input has this one."""
        inputs: list[str] = [element if element in one.types else one.types[0] for one in self.inputs]
        by_name = dict(zip((one.name for one in self.inputs), inputs, strict=True))
        return [*inputs, *(by_name.get(one.type or self.inputs[0].name, one.type) for one in self.outputs)]

    def values(self, given: Mapping[str, AttributeValue]) -> dict[str, AttributeValue]:
        """Every attribute that has a value, its default or the one given, each of the attribute's own type."""
        kinds = {one.name: one.type for one in self.attributes}
        return {name: _typed(value, kinds[name]) for name, value in {**self.defaults(), **given}.items()}

    def defaults(self) -> dict[str, AttributeValue]:
        """The attributes that have a default, and it."""
        return {one.name: one.default for one in self.attributes if one.default is not None}


def _typed(value: AttributeValue, kind: str) -> AttributeValue:
    """The value with whole numbers made floating-point where the attribute is."""
    if kind == "float" and isinstance(value, int):
        return float(value)
    if kind == "float[]" and isinstance(value, list):
        return [float(one) for one in value]
    return value
