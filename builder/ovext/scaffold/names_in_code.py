"""Other names in an author's C++ and Python."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def renamed_in_cpp(text: str, names: Mapping[str, str], own: str = "") -> str:
    """C++ or OpenCL C with other words. One behind `::` is of another scope, unless that is `own` or is renamed too.

    Words in strings and comments are renamed too: there they are about the same.
    """

    def replaced(found: re.Match[str]) -> str:
        inside = re.search(r"(\w*)::$", text[: found.start()])
        return found[0] if inside and inside[1] not in {own, *names} else names[found[0]]

    words = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return re.sub(rf"\b(?:{words})\b", replaced, text)


def renamed_in_python(text: str, names: Mapping[str, str]) -> str:
    """Python in which functions, arguments and variables of these names have others; attributes and keywords stay.

    A text that is no Python stays as it is.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text
    places: set[tuple[int, int, str]] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names:
            places.add((node.lineno, node.col_offset, node.id))
        elif isinstance(node, ast.arg) and node.arg in names:
            places.add((node.lineno, node.col_offset, node.arg))
        elif isinstance(node, ast.FunctionDef) and node.name in names:
            places.add((node.lineno, node.col_offset + len("def "), node.name))
    lines = text.splitlines(keepends=True)
    for line, column, name in sorted(places, reverse=True):
        raw = lines[line - 1].encode()  # columns are in bytes
        end = column + len(name.encode())
        if raw[column:end] == name.encode():
            lines[line - 1] = (raw[:column] + names[name].encode() + raw[end:]).decode()
    return "".join(lines)
