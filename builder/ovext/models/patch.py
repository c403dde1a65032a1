"""Change the type of layers in an OpenVINO IR. All other bytes of the file stay as they are."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from xml.parsers import expat

from ovext.errors import ModelError, UsageError, nearest
from ovext.files import read_regular, replace_file

if TYPE_CHECKING:
    from pathlib import Path

_SHOWN = 40
_LARGEST_MODEL = 2 << 30  # bytes of its XML
_NAME = re.compile(r"[A-Za-z_][\w.]*")
_ELEMENT_NAME = re.compile(rb"<[^\s>/]+")
_ATTRIBUTE = re.compile(rb"""\s+(?P<name>[^\s=]+)\s*=\s*(?P<value>"[^"]*"|'[^']*')""")


@dataclass(frozen=True)
class IrLayer:
    """One layer of an IR, and where its start tag begins in the file's bytes."""

    name: str
    type: str
    offset: int


def read_layers(data: bytes, path: Path) -> list[IrLayer]:
    """Every layer in the file's order, including those of nested bodies.

    Raises:
        ModelError: this is not an OpenVINO IR.
    """
    if b"\0" in data[:200]:
        raise ModelError("this is no OpenVINO IR in UTF-8, the only encoding that is handled", where=path)
    layers: list[IrLayer] = []
    path_to_here: list[str] = []
    root = ""

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal root
        root = root or tag
        if path_to_here[-1:] == ["layers"] and tag == "layer":
            layers.append(IrLayer(attributes.get("name", ""), attributes.get("type", ""), parser.CurrentByteIndex))
        path_to_here.append(tag)

    parser = expat.ParserCreate()
    parser.StartElementHandler = start

    def entity(name: str, *_: object) -> None:
        raise ModelError(f"it declares the entity '{name}', and OpenVINO reads no entities", where=path)

    parser.EndElementHandler = lambda _: path_to_here.pop()
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError) as error:  # the last two for unknown encodings
        raise ModelError(f"this is no OpenVINO IR: not well-formed XML ({error})", where=path) from None
    if root != "net" or not layers:
        raise ModelError("this is no OpenVINO IR: it has no <net> with layers", where=path)
    return layers


def patch_types(
    data: bytes, path: Path, old: str, new: str, *, first: bool, opset: str | None = None
) -> tuple[bytes, list[IrLayer]]:
    """The IR with layers of type `old` changed to `new`, and those layers.

    Args:
        data: the IR's bytes.
        path: the file that they come from, for messages.
        old: the layer type to replace, in this exact spelling.
        new: the type to write there.
        first: only the first such layer in the file's order.
        opset: the opset to write there too; None leaves it unchanged.

    Raises:
        ModelError: this is not an IR, or has no such layer.
        UsageError: `new` or `opset` cannot be a name.
    """
    for name in (new, opset):
        if name is not None and not _NAME.fullmatch(name):
            raise UsageError(f"'{name}' cannot be the name of a layer type or opset")
    layers = read_layers(data, path)
    chosen = [layer for layer in layers if layer.type == old][: 1 if first else None]
    if not chosen:
        types = sorted({layer.type for layer in layers if _NAME.fullmatch(layer.type)})
        shown = ", ".join(types[:_SHOWN]) + (f" and {len(types) - _SHOWN} others" if len(types) > _SHOWN else "")
        raise ModelError(f"no layer has the type '{old}'{nearest(old, types)}", where=path, fix=f"It has {shown}.")
    parts, at = [], 0
    for layer in chosen:
        edits = [_edit(data, layer.offset, b"type", new)]
        edits += [_edit(data, layer.offset, b"version", opset)] if opset is not None else []
        for begin, end, text in sorted(edits):
            parts += [data[at:begin], text]
            at = end
    return b"".join([*parts, data[at:]]), chosen


def patch_file(
    source: Path, target: Path, old: str, new: str, *, first: bool, opset: str | None = None
) -> list[IrLayer]:
    """Write the patched IR to `target`, with its weights (.bin) beside it. Returns the changed layers.

    Raises:
        ModelError: `source` or its weights are missing, it is not an IR, or it has no such layer.
        UsageError: `target` is `source` or does not end with .xml, or a name is not valid.
        OSError: `target` cannot be written; it then stays as it was.
    """
    if target.suffix != ".xml":
        raise UsageError(
            f"'{target}' is no name for an IR", fix="Give one that ends with .xml; its .bin goes beside it."
        )
    try:
        data = read_regular(source, _LARGEST_MODEL)
    except OSError as error:
        raise ModelError(f"the model cannot be read: {error.strerror}", where=source) from None
    if target.exists() and target.samefile(source):
        raise UsageError(f"{target} is the model itself", fix="Name another file with -o.")
    patched, layers = patch_types(data, source, old, new, first=first, opset=opset)
    weights = source.with_suffix(".bin")
    if not weights.is_file() and any(layer.type == "Const" for layer in read_layers(data, source)):
        raise ModelError(f"its weights, {weights.name}, are not beside it", where=source)
    if weights.is_file():
        replace_file(target.with_suffix(".bin"), partial(shutil.copyfile, weights))
    replace_file(target, lambda aside: aside.write_bytes(patched))
    return layers


def _edit(data: bytes, tag: int, name: bytes, value: str) -> tuple[int, int, bytes]:
    """What to write where, so that the start tag at offset `tag` has the attribute: begin, end, text."""
    quoted = b'"' + value.encode() + b'"'
    element = _ELEMENT_NAME.match(data, tag)
    position = element.end() if element else tag
    while attribute := _ATTRIBUTE.match(data, position):
        if attribute["name"] == name:
            return attribute.start("value"), attribute.end("value"), quoted
        position = attribute.end()
    return position, position, b" " + name + b"=" + quoted
