"""A GPU layer, described in an XML for the plugin or in an op.toml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, get_args

from ovext.gpu.elements import PRECISIONS
from ovext.gpu.source import Outline, outline
from ovext.project.gpu_tables import GpuFormat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ovext.gpu.place import Place
    from ovext.project.attributes import AttributeValue
    from ovext.project.shapes import Shape

# What an argument of a kernel is: memory of an input, of an output, or of the kernel's own (a scratch buffer).
TensorKind = Literal["input", "output", "internal"]
# The plugin describes each tensor to a kernel with four numbers.
MAX_RANK = 4
FORMATS: tuple[str, ...] = get_args(GpuFormat)


@dataclass(frozen=True)
class Source:
    """An OpenCL C file; `text` is None if it cannot be read, and `is_told` if a finding says so already."""

    file: Path
    text: str | None
    place: Place
    is_told: bool = False

    @cached_property
    def outline(self) -> Outline:
        """What the source declares; nothing if it cannot be read."""
        return outline(self.text or "")


@dataclass(frozen=True)
class Define:
    """A macro whose value is the attribute's value, else the default."""

    name: str
    attribute: str
    default: str
    place: Place
    list_type: str = ""  # "int" or "float" for one that becomes an array

    def text(self, attributes: Mapping[str, AttributeValue]) -> str:
        """The text that replaces the macro's name."""
        value = attributes.get(self.attribute)
        words = self.default if value is None else plugin_text(value)
        return f"({self.list_type}[]) {{{words}}}" if self.list_type else words


@dataclass(frozen=True)
class Tensor:
    """An argument of the kernel: the memory of an input or output, or scratch memory.

    Attributes:
        port: the number of the input, of the output or of the scratch buffer.
        size: the bytes of a scratch buffer, an expression; see ovext.gpu.scratch.
    """

    argument: int
    kind: TensorKind
    port: int
    format: str
    place: Place
    size: str = ""


@dataclass(frozen=True)
class WorkSizes:
    """Comma-separated expressions over B, F, Y and X; `dim` is as in the XML."""

    global_sizes: str | None
    local_sizes: str
    dim: str | None
    place: Place


@dataclass(frozen=True)
class Layer:
    """How one type of op is computed on a GPU."""

    op: str
    entry: str
    sources: tuple[Source, ...]
    defines: tuple[Define, ...]
    tensors: tuple[Tensor, ...]
    options: str
    options_place: Place
    work_sizes: WorkSizes | None
    place: Place
    data: tuple[Place, ...] = ()  # <Data> elements
    precision: str | None = None  # the only one that models may run in

    @property
    def place_of_sizes(self) -> Place:
        """The line of the work sizes, or of the layer if it has none."""
        return self.work_sizes.place if self.work_sizes else self.place

    def bound(self, kind: TensorKind) -> list[Tensor]:
        return [tensor for tensor in self.tensors if tensor.kind == kind]


def in_use(layers: Sequence[Layer]) -> dict[str, Layer]:
    """The layer that the plugin uses for each op of a file: the last one."""
    return {layer.op: layer for layer in layers}


@dataclass(frozen=True)
class Sample:
    """Shapes and attributes with which a layer is checked."""

    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]
    attributes: Mapping[str, AttributeValue]

    def shape(self, kind: TensorKind, port: int) -> Shape:
        return (self.inputs if kind == "input" else self.outputs)[port]

    def __str__(self) -> str:
        shapes = ", ".join("x".join(map(str, shape)) or "scalar" for shape in self.inputs)
        return f"{shapes} -> {', '.join('x'.join(map(str, shape)) or 'scalar' for shape in self.outputs)}"


@dataclass(frozen=True)
class Use:
    """What is known about the op that a layer is for: an XML shows only how many tensors are bound."""

    inputs: int
    outputs: int
    samples: tuple[Sample, ...]
    attributes: frozenset[str] = frozenset()
    input_types: tuple[frozenset[str], ...] = ()  # the element types that models may have there
    output_types: tuple[frozenset[str], ...] = ()
    unreadable: tuple[str, ...] = ()  # attributes that the plugin cannot process
    precisions: tuple[str, ...] = PRECISIONS  # in which models run
    is_known: bool = True  # False: all of this is assumed

    def types(self, kind: Literal["input", "output"], port: int) -> frozenset[str]:
        """The element types of a tensor in models; none if they are not known."""
        types = self.input_types if kind == "input" else self.output_types
        return types[port] if port < len(types) else frozenset()


def is_float(define: Define, sample: Sample) -> bool:
    """Whether a macro is a number with a decimal point, or a list of such: no #if and no index depends on it."""
    value = sample.attributes.get(define.attribute)
    return isinstance(value[0] if isinstance(value, list) and value else value, float)


def plugin_text(value: AttributeValue) -> str:
    """An attribute as the plugin writes it into a kernel: six decimals, whatever the number's size."""
    if isinstance(value, list):
        return ",".join(plugin_text(one) for one in value)
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return f"{value:f}"
    return str(value)


def four_dims(shape: Shape) -> tuple[int, int, int, int]:
    """The dimensions b, f, y, x that the plugin gives a tensor: missing ones are 1, further ones are lost."""
    b, f, y, x = (*shape, 1, 1, 1, 1)[:MAX_RANK]
    return b, f, y, x
