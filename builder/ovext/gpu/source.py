"""What OpenCL C source shows without compiling it: its kernels and the names that it declares."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    LineOf = Callable[[int], int]

_SKIPPED = re.compile(r"""//(?:\\\n|[^\n])*|/\*(?:.*?\*/|.*)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?""", re.DOTALL)
_KERNEL = re.compile(r"\b(?:__kernel|kernel)\b")
_NAME = re.compile(r"\s*(\w+)\s*")
_DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.MULTILINE)
_INCLUDE = re.compile(r"^[ \t]*(?:#|%:|\?\?=)[ \t]*(?:include|import)", re.MULTILINE)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_]\w*|\S")
_PARENTHESIS = re.compile(r"[()]")
_CONDITIONAL = re.compile(r"^[ \t]*#[ \t]*if", re.MULTILINE)
_MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+(.*)$", re.MULTILINE)
_ATTRIBUTE = re.compile(r"\b__attribute__\s*(?=\()")
_TYPE_NAME = re.compile(
    r"(void|bool|u?char|u?short|u?int|u?long|float|half|double|size_t)(2|3|4|8|16)?"
    r"|restrict|const|\w+_t|(IN|OUT)PUT\d+_TYPE"
)
_QUALIFIERS = frozenset(
    [
        *("const", "volatile", "restrict", "__restrict", "__restrict__", "unsigned", "signed", "struct"),
        *("global", "__global", "local", "__local", "constant", "__constant", "private", "__private"),
        *("read_only", "__read_only", "write_only", "__write_only"),
    ]
)
_LONGEST_GAP = 4096  # characters between a kernel's parameters and its body
_Kind = Literal["macro", "function", "type", "variable"]
_NO_TYPES = frozenset(["return", "else", "case", "goto", "sizeof", "if", "for", "while", "do", "switch"])


@dataclass(frozen=True)
class Argument:
    """A parameter of a kernel. `type` is without qualifiers."""

    name: str
    type: str
    is_pointer: bool
    line: int
    is_const: bool = False
    is_local: bool = False


@dataclass(frozen=True)
class Kernel:
    name: str
    arguments: tuple[Argument, ...]
    line: int


@dataclass(frozen=True)
class Declared:
    """A name that the source declares."""

    name: str
    line: int
    kind: _Kind


@dataclass(frozen=True)
class Outline:
    """What a source declares. `is_sure` is False if macros or #if decide which kernels it has."""

    kernels: tuple[Kernel, ...]
    declared: tuple[Declared, ...]
    includes: tuple[int, ...]  # the lines of each #include
    is_sure: bool


def outline(text: str) -> Outline:
    """The kernels of a source, including those between #if and #endif, and the names that it declares."""
    code = without_comments(text)
    plain = _without_attributes(_DIRECTIVE.sub(_blanked, code))
    macros = dict(_MACRO.findall(code))
    groups, line_of = _groups(plain), line_finder(plain)
    kernels = [_kernel_at(plain, match.end(), macros, groups, line_of) for match in _KERNEL.finditer(plain)]
    by_macro = any(_KERNEL.search(body) for body in macros.values())
    return Outline(
        kernels=tuple(kernel for kernel in kernels if kernel),
        declared=(*_macros_in(code), *_names_in(plain)),
        includes=tuple(_includes(code)),
        is_sure=not by_macro and not _CONDITIONAL.search(code),
    )


def _includes(code: str) -> Iterator[int]:
    """The line of each #include, also of one that goes on in the next line."""
    line_of = line_finder(code)
    yield from (line_of(match.start()) for match in _INCLUDE.finditer(code))
    joined = code.replace("\\\n", "")
    if len(_INCLUDE.findall(joined)) > len(_INCLUDE.findall(code)):
        yield line_of(code.index("\\\n"))


def line_finder(text: str) -> LineOf:
    """A function that returns the line, counted from 1, of a position in the text."""
    ends = [match.start() for match in re.finditer("\n", text)]
    return lambda position: bisect_left(ends, position) + 1


def without_comments(text: str) -> str:
    """The text with comments and strings blanked out; every line keeps its number."""
    return _SKIPPED.sub(_blanked, text)


def _blanked(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def _without_attributes(code: str) -> str:
    parts, at, groups = [], 0, _groups(code)
    while match := _ATTRIBUTE.search(code, at):
        end = groups.get(match.end(), len(code))
        parts += [code[at : match.start()], re.sub(r"[^\n]", " ", code[match.start() : end])]
        at = end
    return "".join([*parts, code[at:]])


def _kernel_at(
    code: str, position: int, macros: Mapping[str, str], groups: Mapping[int, int], line_of: LineOf
) -> Kernel | None:
    """The kernel whose declaration continues at `position`, after the word __kernel."""
    while (match := _NAME.match(code, position)) and not _KERNEL.fullmatch(match[1]):
        position = match.end()
        if code[position : position + 1] != "(":
            continue
        end = groups.get(position, len(code))
        behind = code[end : end + _LONGEST_GAP].lstrip()[:1]
        if behind == "{":
            name = macros.get(match[1], match[1]).strip()
            return Kernel(name, _arguments(code, position + 1, end - 1, line_of), line_of(match.start(1)))
        if behind == ";":
            return None  # a declaration only
        position = end  # a macro with parameters before the kernel's name
    return None


def _groups(code: str) -> dict[int, int]:
    """The position after each closed parenthesis, by that of the one that opens it."""
    found: dict[int, int] = {}
    opened: list[int] = []
    for match in _PARENTHESIS.finditer(code):
        if match[0] == "(":
            opened.append(match.start())
        elif opened:
            found[opened.pop()] = match.end()
    return found


def _arguments(code: str, start: int, end: int, line_of: LineOf) -> tuple[Argument, ...]:
    arguments = []
    for match in re.finditer(r"[^,]+", code[start:end]):
        words = _WORD.findall(match[0])
        names = [word for word in words if word.isidentifier() and word not in _QUALIFIERS]
        if not names or names == ["void"]:
            continue
        offset = start + match.start() + len(match[0]) - len(match[0].lstrip())
        unsigned = "u" if "unsigned" in words else ""
        kind = " ".join(names[:-1]) or "int"
        is_pointer = "*" in words or "[" in words
        is_const = not {"const", "constant", "__constant"}.isdisjoint(words)
        is_local = not {"local", "__local"}.isdisjoint(words)
        arguments.append(Argument(names[-1], unsigned + kind, is_pointer, line_of(offset), is_const, is_local))
    return tuple(arguments)


def _macros_in(code: str) -> list[Declared]:
    line_of = line_finder(code)
    return [Declared(match[1], line_of(match.start()), "macro") for match in _DEFINE.finditer(code)]


def _names_in(plain: str) -> list[Declared]:
    """Functions, types, parameters and variables.

    A name counts as declared if a type comes before it, and `=`, `;`, `,`, `)`, `[` or `(` after it. A function must
    also be outside all braces.
    """
    found = []
    line_of = line_finder(plain)
    depth = 0
    words = [("", 0), *((match[0], match.start()) for match in _WORD.finditer(plain))]
    neighbours = zip(words, words[1:], words[2:], words[3:], strict=False)
    for (first, _), (before, _), (word, at), (after, _) in neighbours:
        depth += {"{": 1, "}": -1}.get(before, 0)
        if not word.isidentifier() or after not in "=;,)[(" or not _is_type(first, before):
            continue
        kind: _Kind = "type" if first == "typedef" else "variable"
        if after == "(":
            if depth:
                continue  # the use of a macro
            kind = "function"
        found.append(Declared(word, line_of(at), kind))
    return found


def _is_type(first: str, before: str) -> bool:
    """Whether `before` ends a type; `first` is the word before it."""
    if before == "*" or before in _QUALIFIERS:  # without a type before it, a star multiplies, and const begins a cast
        return first == "*" or _TYPE_NAME.fullmatch(first) is not None
    return before.isidentifier() and before not in _NO_TYPES
