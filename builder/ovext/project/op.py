"""op.toml: the description of one op."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, PrivateAttr

from ovext.project.attributes import Attribute, AttributeValue, ElementType, ir_text
from ovext.project.dims import parse_dim
from ovext.project.fields import Name, Strict, Text
from ovext.project.frameworks import Frameworks
from ovext.project.gpu_tables import Gpu, Vpu
from ovext.project.input_values import Meaning, parse_meaning
from ovext.targets.plugin_types import in_cpu_plugin, in_gpu_plugin
from ovext.toml import line_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def _pattern(dim: str) -> str:
    parse_dim(dim)
    return dim


def _meaning(text: str) -> str:
    parse_meaning(text)
    return text


def _function_name(text: str) -> str:
    if text and (text.count(".") == 0 or not all(part.isidentifier() for part in text.split("."))):
        raise ValueError(f"'{text}' names no function of a package, such as torch.nn.functional.silu")
    return text


Shape = list[Annotated[int, Field(ge=0)]]
Dim = Annotated[str, AfterValidator(_pattern)]


class Input(Strict):
    name: Name
    types: list[ElementType] | str = Field(
        min_length=1, description="The element types it can have, or the earlier input that has the same."
    )
    dims: list[Dim] | None = Field(
        default=None,
        description="Each dimension: a name, a number, C|1 for C or 1, or once ... for any more.",
    )
    ranks: list[Annotated[int, Field(ge=0)]] | None = Field(
        default=None, min_length=1, description="How many dimensions it can have; default: as dims says, else any."
    )
    align: Annotated[int, Field(ge=0, le=8)] | None = Field(
        default=None, description="Where an output that is `broadcast` has its first dimension; default: numpy's rule."
    )
    optional: bool = Field(default=False, description="Whether models may leave it out; only after those that are not.")
    many: Annotated[str, Field(pattern=r"^(\d+\.\.\d*)?$")] = Field(
        default="", description="How many tensors it consists of, such as 1.. or 2..4; only for the last input."
    )
    doc: Text = ""

    @property
    def counts(self) -> tuple[int, int | None]:
        """The least and the largest number of its tensors; None for any number."""
        if not self.many:
            return (0 if self.optional else 1), 1
        least, _, most = self.many.partition("..")
        return int(least), int(most) if most else None


class Output(Strict):
    name: Name
    type: str = Field(default="", description="An element type, or the input that has the same; default the first.")
    shape: str | list[str] = Field(
        default="",
        description="The input that has the same; a formula for each dimension; `broadcast`; `custom`, computed in "
        "op.cpp; or `data-dependent`, set by evaluate.",
    )
    rank: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="How many dimensions, for `custom` and `data-dependent`."
    )
    doc: Text = ""

    @property
    def rule(self) -> str:
        """The shape rule as one word: `formulas`, or what the description says."""
        return self.shape if isinstance(self.shape, str) else "formulas"


class KernelCalls(Strict):
    """How the CPU kernel is called, if it is not computed element by element."""

    parallel: list[Name | Literal["..."]] | None = Field(
        default=None,
        description="The first dimensions of each output, whose combinations are computed in parallel; default: those "
        "that all outputs share.",
    )
    scratch: str = Field(default="", description="Bytes of memory that each thread has, such as D * 4; default none.")


class Case(Strict):
    """One shape of each input, and values of attributes, that the op is tried with."""

    shapes: dict[Name, Shape]
    attributes: dict[Name, AttributeValue] = Field(default={})
    outputs: dict[Name, Shape] = Field(default={}, description="The shapes of outputs whose rule does not tell them.")
    values: dict[Name, Any] = Field(default={}, description="The values of an input, as lists in lists.")

    def sizes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each input, by name."""
        return {name: tuple(shape) for name, shape in self.shapes.items()}


class Tolerance(Strict):
    """How far a result may be from the reference: absolute + relative * |reference|."""

    absolute: float = Field(ge=0)
    relative: float = Field(default=0.0, ge=0)


_RANGE = (-8.0, 8.0)
_SINGLE = Tolerance(absolute=1e-5, relative=1e-5)
_EXACT = Tolerance(absolute=0.0)
_TOLERANCES = {
    "f16": Tolerance(absolute=2e-3, relative=2e-3),
    "bf16": Tolerance(absolute=1e-2, relative=1e-2),
    "f32": _SINGLE,
    "f64": _SINGLE,  # the CPU plugin computes it as f32
}


class Testing(Strict):
    """What the op is tried with."""

    cases: list[Case] = Field(default=[])
    ranges: dict[Name, tuple[float, float]] = Field(default={}, description="The values of an input: from, to.")
    values: dict[Name, Annotated[str, AfterValidator(_meaning)]] = Field(
        default={},
        description="What holds for an input's values: index(N), less than N; sorted; unique; one of [0, 1].",
    )
    tolerances: dict[ElementType, Tolerance] = Field(default={})
    specials: list[Literal["nan", "inf"]] = Field(
        default=[], description="Values that the op handles as its reference does, and that are tried too."
    )
    smallest: Literal[0, 1] = Field(default=0, description="The smallest size of a dimension that is tried.")
    largest: Annotated[int, Field(ge=1)] = Field(
        default=1 << 22, description="The most elements that a tensor of a planned or drawn case has."
    )
    same_as: Annotated[str, AfterValidator(_function_name)] = Field(
        default="",
        description="A function that computes the same for the same inputs and attributes, such as "
        "torch.nn.functional.silu.",
    )
    depends_on_threads: bool = Field(
        default=False, description="Whether results may differ, within the tolerances, with the number of threads."
    )
    attributes: dict[Name, Annotated[list[AttributeValue], Field(min_length=1)]] = Field(
        default={}, description="Values that an attribute is tried with; default: drawn within its bounds."
    )


class OpDescription(Strict):
    """An op as models name it, and how it is computed and tried."""

    # Where its op.toml was read from, if it was.
    _folder: Path | None = PrivateAttr(default=None)
    _text: str = PrivateAttr(default="")
    # The op of which it is a form.
    _whole: OpDescription | None = PrivateAttr(default=None)

    schema_version: Literal[1] = Field(alias="schema")
    type: Name
    opset: Name
    doc: Text = ""
    elementwise: str = Field(
        default="",
        description="What is computed for each element, such as x * sigmoid(beta * x), from inputs and attributes.",
    )
    inputs: list[Input]
    outputs: list[Output] = Field(default=[Output(name="output")], min_length=1)
    attributes: list[Attribute] = Field(default=[])
    constraints: list[str] = Field(
        default=[], description='What sizes and whole-number attributes must fulfil, such as "C % groups == 0".'
    )
    frameworks: Frameworks = Frameworks()
    gpu: Gpu | None = None
    vpu: Vpu | None = None
    kernel: KernelCalls = KernelCalls()
    test: Testing = Testing()

    def read_from(self, folder: Path, text: str) -> OpDescription:
        """Record that the description was read from `text`, the op.toml in `folder`. Returns the description."""
        self._folder, self._text = folder, text
        return self

    def made_of(self, whole: OpDescription) -> OpDescription:
        """Record that the description is a form of `whole` (see forms.py). Returns the description."""
        self._whole = whole
        return self

    @property
    def whole(self) -> OpDescription:
        """The op of which this is a form; the op itself if it is none."""
        return self._whole or self

    @property
    def first_input(self) -> str:
        """The name of the first input, which the others and the outputs follow by default; empty without inputs."""
        return self.inputs[0].name if self.inputs else ""

    @property
    def folder(self) -> Path:
        """The op's folder, such as ops/my_op."""
        if self._folder is None:
            raise ValueError(f"{self.type} was read from no file")
        return self._folder

    @property
    def text(self) -> str:
        """The text of op.toml."""
        return self._text

    def line_of(self, *keys: str | int) -> int:
        """The line of op.toml with the key at that path, or with its nearest parent."""
        return line_of(self._text, keys)

    def port_of(self, tensor: str) -> tuple[Literal["input", "output"], int]:
        """Whether the tensor of that name is an input or an output, and its number among them."""
        inputs = [one.name for one in self.inputs]
        if tensor in inputs:
            return "input", inputs.index(tensor)
        return "output", [one.name for one in self.outputs].index(tensor)

    @property
    def element_types(self) -> list[ElementType]:
        """The element types of the first input, which distinguish the models of the op; none without inputs."""
        return self.input_types()[self.first_input] if self.inputs else []

    def input_types(self) -> dict[str, list[ElementType]]:
        """The element types that each input can have, by name."""
        types: dict[str, list[ElementType]] = {}
        for one in self.inputs:
            types[one.name] = types[one.types] if isinstance(one.types, str) else one.types
        return types

    def combinations(self) -> list[list[str]]:
        """Every combination of element types that models can have: for each input, then for each output."""
        return [self._combination(chosen) for chosen in itertools.product(*self._free_types().values())]

    def computed_combinations(self) -> list[list[str]]:
        """Those combinations, and what the CPU plugin makes of each: the op needs a kernel for all of them."""
        chosen = list(itertools.product(*self._free_types().values()))
        made = [tuple(map(in_cpu_plugin, one)) for one in chosen]
        return [self._combination(one) for one in dict.fromkeys([*chosen, *made])]

    def accepted_types(self, tensor: Input) -> list[str]:
        """The element types of an input that the op must accept: its own, and what OpenVINO's plugins make of them."""
        types = self.input_types()[tensor.name]
        made = [*types, *map(in_cpu_plugin, types)]
        if self.gpu is not None and self.gpu.precision is None:
            made += map(in_gpu_plugin, types)
        return list(dict.fromkeys(made))

    def accepts(self, types: Sequence[str]) -> bool:
        """Whether the op must accept inputs of these element types."""
        by_name = dict(zip((one.name for one in self.inputs), types, strict=True))
        return all(
            by_name[one.name] == by_name[one.types]
            if isinstance(one.types, str)
            else by_name[one.name] in self.accepted_types(one)
            for one in self.inputs
        )

    def _free_types(self) -> dict[str, list[ElementType]]:
        """The element types of each input that does not follow another, by name."""
        return {one.name: one.types for one in self.inputs if not isinstance(one.types, str)}

    def _combination(self, chosen: Sequence[str]) -> list[str]:
        by_name: dict[str, str] = dict(zip(self._free_types(), chosen, strict=True))
        for one in self.inputs:
            if isinstance(one.types, str):
                by_name[one.name] = by_name[one.types]
        inputs = [by_name[one.name] for one in self.inputs]
        return [*inputs, *(by_name.get(one.type or self.first_input, one.type) for one in self.outputs)]

    def types_for(self, element: ElementType) -> list[str]:
        """The element type of each input, then of each output, in a model whose first input has this one."""
        return self._combination([element if element in one else one[0] for one in self._free_types().values()])

    def range_of(self, tensor: str) -> tuple[float, float]:
        """The range from which an input's values are drawn."""
        return self.test.ranges.get(tensor, _RANGE)

    def meaning_of(self, tensor: str) -> Meaning:
        """What holds for an input's values."""
        return parse_meaning(self.test.values[tensor]) if tensor in self.test.values else Meaning()

    def tolerance(self, element: str) -> Tolerance:
        """How far an output of that type may be from the reference: as in op.toml, else about the type's precision."""
        told = {str(name): one for name, one in self.test.tolerances.items()}
        return told.get(element) or _TOLERANCES.get(element, _EXACT)

    def values(self, given: Mapping[str, AttributeValue]) -> dict[str, AttributeValue]:
        """Every attribute that has a value, by default or in `given`, each of the attribute's own type."""
        by_name = {one.name: one for one in self.attributes}
        return {name: by_name[name].typed(value) for name, value in {**self.defaults(), **given}.items()}

    def example(self) -> dict[str, AttributeValue]:
        """A value for every attribute: its default, else the one in the first test case, else one it can have."""
        given = self.test.cases[0].attributes if self.test.cases else {}
        return {one.name: one.example() for one in self.attributes} | self.values(given) | self.defaults()

    def all_values(self, given: Mapping[str, AttributeValue]) -> dict[str, AttributeValue]:
        """The values of all attributes: one with neither a default nor a given value gets an example."""
        return {**self.example(), **self.values(given)}

    def defaults(self) -> dict[str, AttributeValue]:
        """The attributes that have a default, with that default."""
        return {one.name: one.default for one in self.attributes if one.default is not None}

    def ir_attributes(self, values: Mapping[str, AttributeValue]) -> dict[str, str]:
        """The values as an IR has them."""
        by_name = {one.name: one for one in self.attributes}
        return {name: ir_text(by_name[name], value) for name, value in values.items()}


def json_schema() -> str:
    """The schema of op.toml, which editors use to complete it."""
    schema = OpDescription.model_json_schema(by_alias=True)
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"
