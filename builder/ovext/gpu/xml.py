"""XML as pugixml reads it: several elements without a common root, each with the line of its parts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING
from xml.parsers import expat

from ovext.gpu.place import Place

if TYPE_CHECKING:
    from pathlib import Path

# What pugixml accepts and a strict parser does not, or not in that place.
_SKIPPED = ((b"<!--", b"-->"), (b"<?", b"?>"), (b"<!DOCTYPE", b">"))
_STRAY_AND = re.compile(rb"&(?!\w+;|#\w+;)")
_ROOT = b"<ovext>"
_ATTRIBUTE = re.compile(r"""([^\s=<>"'/]+)\s*=\s*(?:"[^"]*"|'[^']*')""")


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
        return Place(self.place.file, self.place.line + self._lines.get(attribute, 0))

    @cached_property
    def _lines(self) -> dict[str, int]:
        """How many lines below the start of the tag each attribute is."""
        found: dict[str, int] = {}
        lines = at = 0
        for match in _ATTRIBUTE.finditer(self.start_tag):
            lines += self.start_tag.count("\n", at, match.start())
            at = match.start()
            found.setdefault(match[1], lines)
        return found

    def of_tag(self, tag: str) -> list[Element]:
        return [child for child in self.children if child.tag == tag]


def read_elements(data: bytes, file: Path) -> list[Element]:
    """The top-level elements.

    Raises:
        XmlError: the text is not well-formed.
    """
    data = _without_skipped(data.removeprefix(b"\xef\xbb\xbf").decode(errors="replace").encode())
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


def _without_skipped(data: bytes) -> bytes:
    """The text with comments, declarations and document types blanked out; every line keeps its number."""
    parts, at = [], 0
    while (begin := data.find(b"<", at)) >= 0:
        end_mark = next((end for mark, end in _SKIPPED if data.startswith(mark, begin)), b"")
        end = data.find(end_mark, begin) if end_mark else -1
        if end >= 0:
            parts += [data[at:begin], re.sub(rb"[^\n]", b" ", data[begin : end + len(end_mark)])]
            at = end + len(end_mark)
        elif end_mark:
            break  # it does not end: the parser says so
        else:
            parts.append(data[at : begin + 1])
            at = begin + 1
    return b"".join([*parts, data[at:]])
