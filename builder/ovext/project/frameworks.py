"""The tables [frameworks.*] of an op.toml: what the op is called in models of each framework."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from ovext.project.attributes import AttributeValue
from ovext.project.fields import Name, Strict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovext.project.attributes import Attribute
    from ovext.project.op import OpDescription

TITLES = {
    "onnx": "ONNX",
    "tensorflow": "TensorFlow",
    "tensorflow_lite": "TensorFlow Lite",
    "pytorch": "PyTorch",
    "paddle": "PaddlePaddle",
    "jax": "JAX",
}


def _plain_word(word: str) -> str:
    if not word or not word.isprintable() or set(word) & set("\"'\\ "):
        raise ValueError(f"{word!r} is no name in a framework: no space, quote or backslash may stand in it")
    return word


Word = Annotated[str, AfterValidator(_plain_word)]


class Mapping(Strict):
    """The op in models of one framework. An attribute that none of the three tables names has the same name there."""

    type: Word = Field(description="What models of the framework call the op.")
    attributes: dict[Name, Word] = Field(default={}, description="Attributes that are named otherwise there.")
    defaults: dict[Name, AttributeValue] = Field(
        default={}, description="Values of attributes that a model leaves out; else the attribute's own default."
    )
    constants: dict[Name, AttributeValue] = Field(
        default={}, description="Values of attributes that models of the framework do not have."
    )


class OnnxMapping(Mapping):
    domain: Word | Literal[""] = Field(default="", description="The domain of the op; default ONNX's own.")


class PyTorchMapping(Strict):
    """Models of PyTorch give attributes as arguments: after the inputs, in the order of op.toml, or as told here."""

    type: Word = Field(description='The name of the op, such as "my_ops::scaled_cosh".')
    arguments: dict[Name, Annotated[int, Field(ge=0)]] = Field(
        default={}, description="The numbers of the arguments that attributes come from."
    )
    defaults: dict[Name, AttributeValue] = Field(default={}, description="As for other frameworks.")
    constants: dict[Name, AttributeValue] = Field(default={}, description="As for other frameworks.")


class PaddleMapping(Mapping):
    """Models of Paddle name the inputs and outputs of an op."""

    inputs: list[Word] = Field(default=[], description="The names of the inputs there; default: as here.")
    outputs: list[Word] = Field(default=[], description="The names of the outputs there; default: as here.")


class JaxMapping(Strict):
    """OpenVINO cannot read attributes of JAX's primitives: each has a constant or the default."""

    type: Word = Field(description="The name of the primitive.")
    constants: dict[Name, AttributeValue] = Field(default={}, description="As for other frameworks.")


def is_readable(framework: str, attribute: Attribute) -> bool:
    """Whether OpenVINO can read such an attribute from models of the framework.

    From TensorFlow Lite's custom options it reads numbers and booleans, and silently ignores others. From JAX it reads
    nothing. PyTorch has no arguments that are element types or lists of words.
    """
    if framework == "pytorch":
        return attribute.type not in {"type", "string[]"}
    if framework == "tensorflow_lite":
        return not attribute.of.is_list and attribute.of.kind != "string"
    return framework != "jax"


AnyMapping = Mapping | PyTorchMapping | JaxMapping


def name_in(mapping: AnyMapping, attribute: str) -> str:
    """What models of the framework call the attribute."""
    return mapping.attributes.get(attribute, attribute) if isinstance(mapping, Mapping) else attribute


def argument_of(op: OpDescription, name: str, mapping: PyTorchMapping) -> int:
    """The number of an attribute's argument in PyTorch: as the mapping says, else in order after the inputs."""
    if name in mapping.arguments:
        return mapping.arguments[name]
    taken = set(mapping.arguments.values())
    free = (number for number in range(len(op.inputs), 10_000) if number not in taken)
    told = {*mapping.arguments, *mapping.constants}
    untold = [one.name for one in op.attributes if one.name not in told and is_readable("pytorch", one)]
    return dict(zip(untold, free, strict=False))[name]


class Frameworks(Strict):
    """The frameworks whose models hold the op."""

    onnx: OnnxMapping | None = None
    tensorflow: Mapping | None = None
    tensorflow_lite: Mapping | None = None
    pytorch: PyTorchMapping | None = None
    paddle: PaddleMapping | None = None
    jax: JaxMapping | None = None

    def given(self) -> Iterator[tuple[str, AnyMapping]]:
        """The frameworks with a description, by name."""
        for name in type(self).model_fields:
            if mapping := getattr(self, name):
                yield name, mapping
