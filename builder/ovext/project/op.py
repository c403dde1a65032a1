"""op.toml: the description of one op."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

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
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Input(Strict):
    name: Name
    types: list[ElementType] = Field(min_length=1)
    doc: str = ""


class Attribute(Strict):
    name: Name
    type: Literal["bool", "int", "float", "string"]
    default: bool | int | float | str | None = None
    doc: str = ""


class OpDescription(Strict):
    """An op as models name it: type and opset, its inputs and its attributes."""

    schema_version: Literal[1] = Field(alias="schema")
    type: Name
    opset: Name
    doc: str = ""
    inputs: list[Input] = Field(min_length=1)
    attributes: list[Attribute] = []
