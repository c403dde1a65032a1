"""Breaking long lines of generated code: the parts in brackets go on separate lines, one on each."""

from __future__ import annotations

LONGEST = 120
_PAIRS = {"(": ")", "{": "}", "[": "]"}


def wrapped(text: str, indent: str = "    ") -> str:
    """C++ or Python in which no line is longer than it must be."""
    return "".join(f"{line}\n" for one in text.splitlines() for line in _wrapped_line(one, indent))


def _wrapped_line(line: str, indent: str) -> list[str]:
    found = (
        _longest_brackets(line) if len(line) > LONGEST and not line.lstrip().startswith(("//", "#", '"""')) else None
    )
    if found is None:
        return [line]
    start, end = _innermost(line, *found)
    margin = line[: len(line) - len(line.lstrip())]
    parts = split_parts(line[start + 1 : end])
    is_python = line.lstrip().startswith("def ")
    last = "," if is_python else ""
    inner = [f"{margin}{indent}{part}{',' if number + 1 < len(parts) else last}" for number, part in enumerate(parts)]
    if is_python:
        return [line[: start + 1], *inner, margin + line[end:]]
    inner[-1] += line[end:]
    return [line[: start + 1], *(piece for one in inner for piece in _wrapped_line(one, indent))]


def _longest_brackets(line: str) -> tuple[int, int] | None:
    """Where the outermost brackets with the longest content begin and end."""
    best, depth, start = None, 0, 0
    for at, character in enumerate(_without_strings(line)):
        if character in _PAIRS:
            start = at if depth == 0 else start
            depth += 1
        elif character in _PAIRS.values():
            depth -= 1
            inside = line[start + 1 : at]
            if (
                depth == 0
                and line[start] != "["
                and inside.strip()
                and (best is None or at - start > best[1] - best[0])
            ):
                best = (start, at)
    return best


def _innermost(line: str, start: int, end: int) -> tuple[int, int]:
    """The innermost brackets, as long as they are all the content, such as a list that is the only argument."""
    inside = line[start + 1 : end]
    deeper = _longest_brackets(inside) if len(split_parts(inside)) == 1 else None
    if deeper is None or inside[deeper[1] + 1 :].strip():
        return start, end
    return _innermost(line, start + 1 + deeper[0], start + 1 + deeper[1])


def split_parts(inside: str) -> list[str]:
    """The parts between commas that are not in inner brackets."""
    parts, depth, begin = [], 0, 0
    for at, character in enumerate(_without_strings(inside)):
        depth += (character in _PAIRS) - (character in _PAIRS.values())
        if character == "," and depth == 0:
            parts.append(inside[begin:at].strip())
            begin = at + 1
    return [*parts, inside[begin:].strip()]


def _without_strings(line: str) -> str:
    """The line with the content of string literals made blank, so that brackets and commas in them do not count."""
    result, quote, escaped = [], "", False
    for character in line:
        if quote:
            result.append(" ")
            escaped = character == "\\" and not escaped
            if character == quote and not escaped:
                quote = ""
        else:
            quote = character if character in "\"'" else ""
            result.append(" " if quote else character)
    return "".join(result)
