"""One-op models, written as OpenVINO IR text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Shape = tuple[int, ...]  # -1 stands for a dimension known only at run time

_PRECISIONS = {"f16": "FP16", "f32": "FP32", "f64": "FP64", "boolean": "BOOL"}


@dataclass(frozen=True)
class TensorType:
    """The element type, such as "f32", and the shape of a model's input."""

    element: str
    shape: Shape | None  # None: nothing is known of it, not even the rank


def one_op_model(
    op_type: str,
    opset: str,
    inputs: Sequence[TensorType],
    attributes: Mapping[str, str] | None = None,
    *,
    outputs: int = 1,
) -> str:
    """An IR with one Parameter for each input, the op, and a Result for each of its outputs.

    OpenVINO computes the outputs' types and shapes when it reads the model; those of the first input stand in the text.
    """
    net = ET.Element("net", name=op_type, version="11")
    layers = ET.SubElement(net, "layers")
    edges = ET.SubElement(net, "edges")
    op_id = str(len(inputs))
    for number, tensor in enumerate(inputs):
        parameter = _layer(layers, str(number), f"input{number}", "Parameter", "opset1")
        ET.SubElement(parameter, "data", shape=_shape_text(tensor.shape), element_type=tensor.element)
        _ports(parameter, "output", [(0, tensor)])
        _edge(edges, str(number), 0, op_id, number)
    op = _layer(layers, op_id, "op", op_type, opset)
    if attributes:
        ET.SubElement(op, "data", dict(attributes))
    _ports(op, "input", list(enumerate(inputs)))
    _ports(op, "output", [(len(inputs) + number, inputs[0]) for number in range(outputs)])
    for number in range(outputs):
        result_id = str(len(inputs) + 1 + number)
        _ports(_layer(layers, result_id, f"result{number}", "Result", "opset1"), "input", [(0, inputs[0])])
        _edge(edges, op_id, len(inputs) + number, result_id, 0)
    return ET.tostring(net, encoding="unicode")


def _shape_text(shape: Shape | None) -> str:
    if shape is None:
        return "..."
    return ",".join("?" if dimension < 0 else str(dimension) for dimension in shape)


def _layer(layers: ET.Element, number: str, name: str, op_type: str, opset: str) -> ET.Element:
    return ET.SubElement(layers, "layer", id=number, name=name, type=op_type, version=opset)


def _ports(layer: ET.Element, side: str, ports: list[tuple[int, TensorType]]) -> None:
    group = ET.SubElement(layer, side)
    for number, tensor in ports:
        precision = _PRECISIONS.get(tensor.element, tensor.element.upper())
        port = ET.SubElement(group, "port", id=str(number), precision=precision)
        for dimension in tensor.shape or ():
            ET.SubElement(port, "dim").text = str(dimension)


def _edge(edges: ET.Element, source: str, source_port: int, target: str, target_port: int) -> None:
    ports = {"from-layer": source, "from-port": str(source_port), "to-layer": target, "to-port": str(target_port)}
    ET.SubElement(edges, "edge", ports)
