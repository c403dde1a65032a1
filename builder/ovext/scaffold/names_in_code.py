"""Other names in an author's C++ and Python."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What has members of the author's names in generated code.
_HOLDERS = {"attributes", "m_attributes", "parameters", "sizes"}


def renamed_in_cpp(text: str, names: Mapping[str, str], own: str = "") -> str:
    """C++ or OpenCL C with other words.

    One behind `::` is of another scope, unless that is `own` or is renamed too; one behind `.` or `->` is a member of
    something else, unless that holds attributes or sizes. Words in strings and comments are renamed.
    """

    def replaced(found: re.Match[str]) -> str:
        before = text[: found.start()]
        scope = re.search(r"(\w*)::$", before)
        holder = re.search(r"(\w*)\s*(?:\.|->)\s*$", before)
        is_other = (scope and scope[1] not in {own, *names}) or (holder and holder[1] not in _HOLDERS)
        return found[0] if is_other else names[found[0]]

    words = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return re.sub(rf"\b(?:{words})\b", replaced, text)


def renamed_in_python(text: str, names: Mapping[str, str]) -> str:
    """Python in which functions, arguments and variables of these names have others; members stay.

    Keywords are renamed in calls of functions of the same text. A text that is no Python stays as it is.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text
    lines = text.split("\n")  # as Python's parser counts them
    for line, column, name in sorted(set(_places(tree, lines, names)), reverse=True):
        raw = lines[line - 1].encode()  # columns are in bytes
        end = column + len(name.encode())
        if raw[column:end] == name.encode():
            lines[line - 1] = (raw[:column] + names[name].encode() + raw[end:]).decode()
    return "\n".join(lines)


def _places(tree: ast.AST, lines: list[str], names: Mapping[str, str]) -> Iterator[tuple[int, int, str]]:
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    own = {node.name for node in functions}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names:
            yield node.lineno, node.col_offset, node.id
        elif isinstance(node, ast.arg) and node.arg in names:
            yield node.lineno, node.col_offset, node.arg
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name in names:
            found = re.compile(rb"def\s+").search(lines[node.lineno - 1].encode(), node.col_offset)
            if found:
                yield node.lineno, found.end(), node.name
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in own:
            for keyword in node.keywords:
                if keyword.arg is not None and keyword.arg in names:
                    yield keyword.lineno, keyword.col_offset, keyword.arg
