"""Attributes of an op: the types, and what each is in C++, in Python and in a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from pydantic import Field

from ovext.errors import nearest
from ovext.project.fields import Name, Strict, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
# Element types of which several elements are in a byte: neither numpy nor a generated kernel has them.
PACKED = frozenset({"i4", "u1", "u4"})
WITHOUT_NUMBERS = PACKED | {"string"}
AttributeValue = bool | int | float | str | list[int] | list[float] | list[str]
AttributeTypeName = Literal[
    "bool",
    "int",
    "i8",
    "i16",
    "i32",
    "i64",
    "u8",
    "u16",
    "u32",
    "u64",
    "float",
    "double",
    "string",
    "enum",
    "type",
    "shape",
    "partial_shape",
    "int[]",
    "i32[]",
    "i64[]",
    "u64[]",
    "float[]",
    "string[]",
]


@dataclass(frozen=True)
class AttributeType:
    """A type that attributes can have.

    `cpp` is the type of the member in C++ (empty for an enum, which has its own type). `kind` says what a value, or
    each value of a list, is in Python. `lowest` and `highest` are the bounds of whole numbers.
    """

    name: str
    cpp: str
    kind: Literal["bool", "int", "float", "string"]
    is_list: bool = False
    lowest: int | None = None
    highest: int | None = None
    on_gpu: bool = True  # whether the GPU plugin can compile an op with such an attribute, whatever the layer uses

    @property
    def is_whole_number(self) -> bool:
        return self.kind == "int" and not self.is_list


# OpenVINO cannot read lists of other numbers from an IR: "Attribute adapter can not be found".
_LISTED = {"int", "i32", "i64", "u64"}


def _types() -> Iterator[AttributeType]:
    yield AttributeType("bool", "bool", "bool")
    integers = {"int": (64, True)}  # OpenVINO reads only the lower half of u64 from an IR
    integers |= {f"{sign}{bits}": (bits, sign == "i") for sign in "iu" for bits in (8, 16, 32, 64)}
    for name, (bits, signed) in integers.items():
        cpp = f"std::{'' if signed else 'u'}int{bits}_t"
        lowest, highest = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, min(2**bits, 2**63) - 1)
        yield AttributeType(name, cpp, "int", lowest=lowest, highest=highest)
        if name in _LISTED:
            yield AttributeType(f"{name}[]", f"std::vector<{cpp}>", "int", True, lowest, highest)
    yield AttributeType("float", "float", "float")
    yield AttributeType("float[]", "std::vector<float>", "float", is_list=True)
    yield AttributeType("double", "double", "float")
    yield AttributeType("string", "std::string", "string")
    yield AttributeType("string[]", "std::vector<std::string>", "string", is_list=True)
    yield AttributeType("enum", "", "string")
    yield AttributeType("type", "ov::element::Type", "string")
    yield AttributeType("shape", "ov::Shape", "int", True, 0, 2**63 - 1)
    # -1 stands for an unknown dimension.
    yield AttributeType("partial_shape", "ov::PartialShape", "int", True, -1, 2**63 - 1, on_gpu=False)


ATTRIBUTE_TYPES = {one.name: one for one in _types()}
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {"bool": (bool,), "int": (int,), "float": (float, int), "string": (str,)}


class Attribute(Strict):
    """A value that a model gives the op."""

    name: Name
    type: AttributeTypeName = Field(description="`int` is i64; `type` is an element type, such as f32.")
    default: AttributeValue | None = Field(default=None, description="Without it, every model must give the attribute.")
    values: list[Name] = Field(default=[], description="What an enum can be.")
    min: int | float | None = Field(default=None, description="The smallest value; of a list, of each element.")
    max: int | float | None = Field(default=None, description="The largest value; of a list, of each element.")
    doc: Text = ""

    @property
    def of(self) -> AttributeType:
        return ATTRIBUTE_TYPES[self.type]

    def example(self) -> AttributeValue:
        """The default, else a simple value that it can have."""
        if self.default is not None:
            return self.typed(self.default)
        if self.of.kind in {"bool", "string"}:
            words = {"enum": (*self.values, "")[0], "type": "f32"}
            one: Any = False if self.of.kind == "bool" else words.get(self.type, "text")
        else:
            least = max(1, 1 if self.min is None else self.min)
            one = least if self.max is None else min(least, self.max)
            one = int(one) if self.of.kind == "int" else one
        return self.typed([one] if self.of.is_list else one)

    def typed(self, value: AttributeValue) -> AttributeValue:
        """The value; for a floating-point attribute, whole numbers become floating-point."""
        if self.of.kind != "float":
            return value
        return [float(one) for one in value] if isinstance(value, list) else float(value)

    def refusal_of(self, value: AttributeValue) -> str:
        """Why the attribute cannot have that value; empty if it can."""
        if isinstance(value, list) != self.of.is_list:
            return f"{value!r} is no {self.type}"
        values: list[Any] = value if isinstance(value, list) else [value]
        return next((why for one in values if (why := self._refusal_of_one(one))), "")

    def _refusal_of_one(self, value: Any) -> str:
        of = self.of
        is_of_kind = isinstance(value, _PYTHON_TYPES[of.kind]) and (of.kind == "bool" or not isinstance(value, bool))
        if not is_of_kind:
            return f"{value!r} is no {self.type.removesuffix('[]')}"
        known: dict[str, Sequence[str]] = {"enum": self.values, "type": get_args(ElementType)}
        words = known.get(self.type)
        if words is not None and value not in words:
            return f"'{value}' is no {self.type}{nearest(value, words)}; there are {', '.join(words)}"
        if self.type == "string[]" and (not value or "," in value):
            return f"'{value}' cannot stand in a list: an IR has commas between words, and no empty ones"
        return self._bound_that_refuses(value) if of.kind in {"int", "float"} else ""

    def _bound_that_refuses(self, value: float) -> str:
        of = self.of
        if of.lowest is not None and not of.lowest <= value <= (of.highest or 0):
            return f"{value} is no {self.type.removesuffix('[]')}: that is {of.lowest} to {of.highest}"
        if self.min is not None and not value >= self.min:
            return f"{value} is less than its min, {self.min:g}"
        if self.max is not None and not value <= self.max:
            return f"{value} is more than its max, {self.max:g}"
        return ""


def ir_text(attribute: Attribute, value: AttributeValue) -> str:
    """A value as an IR has it."""
    if isinstance(value, list):
        return ",".join("?" if attribute.type == "partial_shape" and one == -1 else _word(one) for one in value)
    return _word(value)


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
