"""What can be told of OpenCL C source without compiling it: its kernels and the names that it declares."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_SKIPPED = re.compile(r"""//(?:\\\n|[^\n])*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)
_KERNEL = re.compile(r"\b(?:__kernel|kernel)\b")
_NAME = re.compile(r"\s*(\w+)\s*")
_DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.MULTILINE)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_]\w*|\S")
_CONDITIONAL = re.compile(r"^[ \t]*#[ \t]*if", re.MULTILINE)
_TYPE_NAME = re.compile(
    r"(void|bool|u?char|u?short|u?int|u?long|float|half|double|size_t)(2|3|4|8|16)?"
    r"|restrict|const|\w+_t|(IN|OUT)PUT\d+_TYPE"
)
_QUALIFIERS = frozenset(
    [
        *("const", "volatile", "restrict", "__restrict", "unsigned", "signed", "struct"),
        *("global", "__global", "local", "__local", "constant", "__constant", "private", "__private"),
        *("read_only", "__read_only", "write_only", "__write_only"),
    ]
)
_Kind = Literal["macro", "function", "type", "variable"]
_NO_TYPES = frozenset(["return", "else", "case", "goto", "sizeof", "if", "for", "while", "do", "switch"])


@dataclass(frozen=True)
class Argument:
    """A parameter of a kernel. `type` is without qualifiers."""

    name: str
    type: str
    is_pointer: bool
    line: int


@dataclass(frozen=True)
class Kernel:
    name: str
    arguments: tuple[Argument, ...]
    line: int


@dataclass(frozen=True)
class Declared:
    """A name that the source gives a meaning to."""

    name: str
    line: int
    kind: _Kind


def without_comments(text: str) -> str:
    """The text with comments and strings made blank; every line keeps its number."""
    return _SKIPPED.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def has_conditionals(code: str) -> bool:
    return _CONDITIONAL.search(code) is not None


def kernels_in(code: str) -> list[Kernel]:
    """Each __kernel function of a source without comments, those between #if and #endif included."""
    blank = _DIRECTIVE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), code)
    found = []
    for match in _KERNEL.finditer(blank):
        kernel = _kernel_at(blank, match.end())
        if kernel is not None:
            found.append(kernel)
    return found


def _kernel_at(code: str, position: int) -> Kernel | None:
    """The kernel whose declaration goes on at `position`, after the word __kernel."""
    name = ""
    while match := _NAME.match(code, position):
        position = match.end()
        if match[1] == "__attribute__":
            position = _end_of_group(code, position)
            continue
        name, at = match[1], match.start(1)
        if code[position : position + 1] == "(":
            end = _end_of_group(code, position)
            body = code[end:].lstrip()[:1]
            if body != "{":
                return None  # a declaration only
            return Kernel(name, _arguments(code, position + 1, end - 1), code.count("\n", 0, at) + 1)
    return None


def _end_of_group(code: str, position: int) -> int:
    """The position behind the parenthesis that closes the one at `position`."""
    depth = 0
    for at in range(position, len(code)):
        depth += {"(": 1, ")": -1}.get(code[at], 0)
        if depth == 0:
            return at + 1
    return len(code)


def _arguments(code: str, start: int, end: int) -> tuple[Argument, ...]:
    arguments = []
    for match in re.finditer(r"[^,]+", code[start:end]):
        words = [word for word in _WORD.findall(match[0]) if word not in _QUALIFIERS]
        names = [word for word in words if word != "*"]
        if not names or names == ["void"]:
            continue
        offset = start + match.start() + len(match[0]) - len(match[0].lstrip())
        line = code.count("\n", 0, offset) + 1
        arguments.append(Argument(names[-1], " ".join(names[:-1]), "*" in words, line))
    return tuple(arguments)


def declared_in(code: str) -> list[Declared]:
    """Macros, functions, types, parameters and variables of a source without comments.

    A name is taken to be declared where a type stands before it, and `=`, `;`, `,`, `)`, `[` or `(` behind it.
    """
    found = [Declared(match[1], code.count("\n", 0, match.start()) + 1, "macro") for match in _DEFINE.finditer(code)]
    blank = _DIRECTIVE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), code)
    words = [("", 0), *((match[0], match.start()) for match in _WORD.finditer(blank))]
    neighbours = zip(words, words[1:], words[2:], words[3:], strict=False)
    for (first, _), (before, _), (word, at), (after, _) in neighbours:
        is_type = before.isidentifier() and before not in _NO_TYPES
        if before == "*":  # without a type before it, it multiplies
            is_type = _TYPE_NAME.fullmatch(first) is not None
        if is_type and word.isidentifier() and after in "=;,)[(":
            kind: _Kind = "function" if after == "(" else "type" if first == "typedef" else "variable"
            found.append(Declared(word, blank.count("\n", 0, at) + 1, kind))
    return found
