"""XML as pugixml reads it: several elements without a common root, each with the line of its parts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

from ovext.gpu.place import Place

if TYPE_CHECKING:
    from pathlib import Path

# What pugixml accepts and a strict parser does not, or not in that place.
_DECLARATION = re.compile(rb"^\s*<\?xml.*?\?>", re.DOTALL)
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_DOCTYPE = re.compile(rb"<!DOCTYPE[^>]*>")
_STRAY_AND = re.compile(rb"&(?!\w+;|#\w+;)")
_ROOT = b"<ovext>"


class XmlError(ValueError):
    """The text is not well-formed; `line` says where."""

    def __init__(self, text: str, line: int) -> None:
        super().__init__(text)
        self.line = line


@dataclass
class Element:
    """One element; `start_tag` is that tag's text, which begins on line `place.line`."""

    tag: str
    attributes: dict[str, str]
    place: Place
    start_tag: str
    children: list[Element] = field(default_factory=list)

    def place_of(self, attribute: str) -> Place:
        """The line of the attribute, or of the element if it does not have the attribute."""
        match = re.search(rf"\b{re.escape(attribute)}\s*=", self.start_tag)
        lines = self.start_tag.count("\n", 0, match.start()) if match else 0
        return Place(self.place.file, self.place.line + lines)

    def of_tag(self, tag: str) -> list[Element]:
        return [child for child in self.children if child.tag == tag]


def read_elements(data: bytes, file: Path) -> list[Element]:
    """The top-level elements.

    Raises:
        XmlError: the text is not well-formed.
    """
    data = data.removeprefix(b"\xef\xbb\xbf").decode(errors="replace").encode()
    for skipped in (_DECLARATION, _COMMENT, _DOCTYPE):
        data = skipped.sub(lambda match: re.sub(rb"[^\n]", b" ", match[0]), data)
    wrapped = _ROOT + _STRAY_AND.sub(b"&amp;", data) + b"</ovext>"
    stack: list[Element] = []
    top = Element("", {}, Place(file, 1), "")

    def start(tag: str, attributes: dict[str, str]) -> None:
        begin = parser.CurrentByteIndex
        text = wrapped[begin : wrapped.find(b">", begin) + 1].decode(errors="replace")
        element = Element(tag, attributes, Place(file, parser.CurrentLineNumber), text)
        (stack[-1] if stack else top).children.append(element)
        stack.append(element)

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: stack.pop()
    try:
        parser.Parse(wrapped, True)
    except expat.ExpatError as error:
        raise XmlError(expat.ErrorString(error.code), min(error.lineno, data.count(b"\n") + 1)) from None
    return top.children[0].children
