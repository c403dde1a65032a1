"""XML as the GPU plugin reads it: by pugixml, which is lenient, and takes several elements without a common root."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pugixml import pugi

from ovext.gpu.place import Place

if TYPE_CHECKING:
    from pathlib import Path

_ATTRIBUTE = re.compile(rb"""\s*([^\s=<>"'/]+)\s*=\s*(?:"[^"]*"|'[^']*')""")
# How a text begins that pugixml takes for another encoding than UTF-8.
_ENCODINGS = (
    (rb"\x00\x00\xfe\xff|\x00\x00\x00<", "utf-32-be"),
    (rb"\xff\xfe\x00\x00|<\x00\x00\x00", "utf-32-le"),
    (rb"\xfe\xff|\x00<", "utf-16-be"),
    (rb"\xff\xfe|<\x00", "utf-16-le"),
    (rb"""(?i:<\?xml[^>]*\sencoding\s*=\s*["'](?:latin1|iso-8859-1)["'])""", "latin-1"),
)


class XmlError(ValueError):
    """pugixml cannot read the text; `line` says where."""

    def __init__(self, text: str, line: int) -> None:
        super().__init__(text)
        self.line = line


class _Document:
    """A text that was read, and the numbers of its lines."""

    def __init__(self, data: bytes, file: Path) -> None:
        self.file = file
        self.text = _in_utf8(data)
        self.xml = pugi.XMLDocument()  # the nodes live as long as it does
        self._line_ends = [match.start() for match in re.finditer(b"\n", self.text)]

    def line_of(self, offset: int) -> int:
        return bisect_left(self._line_ends, min(offset, len(self.text.rstrip()))) + 1


class Element:
    """One element, with the line of each of its parts."""

    def __init__(self, node: Any, document: _Document) -> None:
        self._node = node
        self._document = document
        self._at = max(0, node.offset_debug())  # where its name begins
        self.tag: str = node.name()
        self.place = Place(document.file, document.line_of(self._at))

    @cached_property
    def attributes(self) -> dict[str, str]:
        """The attributes, each with the value that counts if it is given twice: the first."""
        return {one.name(): one.value() for one in reversed(list(self._node.attributes()))}

    @cached_property
    def repeated(self) -> list[str]:
        """The attributes that are given more than once."""
        counts = Counter(one.name() for one in self._node.attributes())
        return [name for name, count in counts.items() if count > 1]

    def place_of(self, attribute: str) -> Place:
        """The line of the attribute, or of the element if it does not have the attribute."""
        return Place(self.place.file, self._lines.get(attribute, self.place.line))

    @cached_property
    def _lines(self) -> dict[str, int]:
        found: dict[str, int] = {}
        text, at = self._document.text, self._at + len(self.tag.encode())
        while match := _ATTRIBUTE.match(text, at):
            found.setdefault(match[1].decode(errors="replace"), self._document.line_of(match.start(1)))
            at = match.end()
        return found

    @cached_property
    def children(self) -> list[Element]:
        elements = (node for node in self._node.children() if node.type() == pugi.NODE_ELEMENT)
        return [Element(node, self._document) for node in elements]

    def of_tag(self, tag: str) -> list[Element]:
        return [child for child in self.children if child.tag == tag]


def read_elements(data: bytes, file: Path) -> list[Element]:
    """The elements that have no parent, and anything else that the plugin takes for a layer there.

    Raises:
        XmlError: the plugin cannot read the text.
    """
    document = _Document(data, file)
    result = document.xml.load_buffer(document.text, len(document.text), encoding=pugi.ENCODING_UTF8)
    if result.status == pugi.STATUS_NO_DOCUMENT_ELEMENT:
        return []
    if result.status != pugi.STATUS_OK:
        raise XmlError(result.description(), document.line_of(result.offset))
    found = []
    node = document.xml.document_element()
    while not node.empty():
        found.append(Element(node, document))
        node = node.next_sibling()
    return found


def _in_utf8(data: bytes) -> bytes:
    """The text in UTF-8. What is no text becomes a replacement character, as Python cannot hold it."""
    encoding = next((name for start, name in _ENCODINGS if re.match(start, data)), "utf-8")
    return data.decode(encoding, errors="replace").encode()
