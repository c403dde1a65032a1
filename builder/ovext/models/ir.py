"""Models of one op, or of few, written as OpenVINO IR text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# -1 stands for a dimension known only at run time, a pair for one whose bounds are known.
Shape = tuple[int | tuple[int, int], ...]

_PRECISIONS = {"f16": "FP16", "f32": "FP32", "f64": "FP64", "boolean": "BOOL"}


@dataclass(frozen=True)
class TensorType:
    """The element type, such as "f32", and the shape of a model's input."""

    element: str
    shape: Shape | None  # None: nothing is known about it, not even the rank


@dataclass(frozen=True)
class OpText:
    """An op as an IR names it."""

    type: str
    opset: str
    attributes: Mapping[str, str] = field(default_factory=dict)


def one_op_model(
    op_type: str,
    opset: str,
    inputs: Sequence[TensorType],
    attributes: Mapping[str, str] | None = None,
    *,
    outputs: int = 1,
) -> str:
    """An IR with one Parameter for each input, the op, and a Result for each of its outputs.

    OpenVINO computes the outputs' types and shapes when it reads the model; the text has those of the first input, or
    any.
    """
    return chain_model([OpText(op_type, opset, attributes or {})], inputs, outputs=outputs)


def chain_model(ops: Sequence[OpText], inputs: Sequence[TensorType], *, outputs: int = 1) -> str:
    """The same for a chain of ops: each takes the first output of the one before. The last op has `outputs` outputs."""
    of_outputs = inputs[0] if inputs else TensorType("f32", ())
    net = ET.Element("net", name=ops[0].type, version="11")
    layers = ET.SubElement(net, "layers")
    edges = ET.SubElement(net, "edges")
    for number, tensor in enumerate(inputs):
        parameter = _layer(layers, str(number), f"input{number}", "Parameter", "opset1")
        ET.SubElement(parameter, "data", shape=_shape_text(tensor.shape), element_type=tensor.element)
        _ports(parameter, "output", [(0, tensor)])
    sources = [(str(number), 0) for number in range(len(inputs))]
    for place, op in enumerate(ops):
        is_last = place == len(ops) - 1
        sources = _op(layers, edges, op, sources, inputs, outputs=outputs if is_last else 1)
    for number, (source, port) in enumerate(sources):
        result = _layer(layers, str(len(layers)), f"result{number}", "Result", "opset1")
        _ports(result, "input", [(0, of_outputs)])
        _edge(edges, source, port, result.attrib["id"], 0)
    return ET.tostring(net, encoding="unicode")


def side_by_side(models: Sequence[str]) -> str:
    """One IR with all of these, which this module wrote. Names of layers start with the number of the model and `/`."""
    layers, edges, before = [], [], 0
    for number, text in enumerate(models):
        # Not parsed as XML: a value may have characters that OpenVINO's parser takes, and Python's does not.
        own, _, rest = text.partition("<layers>")[2].partition("</layers>")
        layers.append(re.sub(r'<layer id="(\d+)" name="', partial(_moved_layer, before, number), own))
        edges.append(re.sub(r'-layer="(\d+)"', partial(_moved_edge, before), rest.partition("<edges>")[2]))
        before += own.count("<layer ")
    ends = "</edges></net>"
    joined = "".join(text.removesuffix(ends) for text in edges)
    return f'<net name="side_by_side" version="11"><layers>{"".join(layers)}</layers><edges>{joined}{ends}'


def _moved_layer(before: int, number: int, layer: re.Match[str]) -> str:
    return f'<layer id="{before + int(layer[1])}" name="{number}/'


def _moved_edge(before: int, end: re.Match[str]) -> str:
    return f'-layer="{before + int(end[1])}"'


def _op(
    layers: ET.Element,
    edges: ET.Element,
    op: OpText,
    sources: Sequence[tuple[str, int]],
    inputs: Sequence[TensorType],
    *,
    outputs: int,
) -> list[tuple[str, int]]:
    """Add a layer for the op, with its inputs from `sources` (layer, port). Returns its own outputs as sources."""
    number = str(len(layers))
    layer = _layer(layers, number, f"op{number}", op.type, op.opset)
    if op.attributes:
        ET.SubElement(layer, "data", dict(op.attributes))
    _ports(layer, "input", [(port, inputs[port]) for port in range(len(sources))])
    of_outputs = inputs[0] if inputs else TensorType("f32", ())
    _ports(layer, "output", [(len(sources) + one, of_outputs) for one in range(outputs)])
    for port, (source, source_port) in enumerate(sources):
        _edge(edges, source, source_port, number, port)
    return [(number, len(sources) + one) for one in range(outputs)]


def _shape_text(shape: Shape | None) -> str:
    if shape is None:
        return "..."
    return ",".join(map(_dimension_text, shape))


def _dimension_text(dimension: int | tuple[int, int]) -> str:
    if isinstance(dimension, tuple):
        low, high = dimension
        return str(low) if low == high else f"{low}..{high}"
    return "?" if dimension < 0 else str(dimension)


def _layer(layers: ET.Element, number: str, name: str, op_type: str, opset: str) -> ET.Element:
    return ET.SubElement(layers, "layer", id=number, name=name, type=op_type, version=opset)


def _ports(layer: ET.Element, side: str, ports: list[tuple[int, TensorType]]) -> None:
    group = ET.SubElement(layer, side)
    for number, tensor in ports:
        precision = _PRECISIONS.get(tensor.element, tensor.element.upper())
        port = ET.SubElement(group, "port", id=str(number), precision=precision)
        for dimension in tensor.shape or ():
            text = _dimension_text(dimension)
            ET.SubElement(port, "dim").text = text if text.isdigit() else "-1"


def _edge(edges: ET.Element, source: str, source_port: int, target: str, target_port: int) -> None:
    ports = {"from-layer": source, "from-port": str(source_port), "to-layer": target, "to-port": str(target_port)}
    ET.SubElement(edges, "edge", ports)
