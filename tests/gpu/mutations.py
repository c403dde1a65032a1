"""The healthy layer's XML with random changes, which are the same in each run."""

from __future__ import annotations

import random
import re

from gpu.traps import XML

_VALUES = [
    *("", " 0", "0 ", "+1", "-1", "1", "2", "99", "0x1", "00", "1.0", "\t1", "\n0", "&#48;", "&lt;", "&nothing;"),
    *(
        "input",
        "output",
        "internal",
        "INPUT",
        "BFYX",
        "byxf",
        "ANY",
        "BYXF ",
        "yxfb",
        "SimpleGPU",
        "MVCL",
        "Copy",
        "copy ",
    ),
    *("X,Y,B*F,", "X,,Y", "B*F*Y*X", "X/0", "(X)", "X Y", " X,Y,B*F", "X,Y,B*F*0", "-X", "X%Y*9999999999", "x,y,b*f"),
    *(
        "copy",
        "copy.cl",
        "./copy.cl",
        "/copy.cl",
        "../copy.cl",
        ".",
        "-cl-mad-enable -DA=1",
        "input,0",
        "input,1",
        "output",
    ),
]
_NAMES = [
    "name",
    "type",
    "version",
    "entry",
    "filename",
    "arg-index",
    "port-index",
    "format",
    "size",
    "global",
    "local",
]
_SNIPPETS = [
    *("<!-- a comment -->", "<!-- open", "<?xml version='1.0'?>", "<?other?>", "<![CDATA[ <x> ]]>", "<!DOCTYPE a>"),
    *("text", "&amp;", "&", "<", ">", "</", "/>", "\0", "\ufeff", "é", "<Extra/>", "<Extra a='1'>", "</Extra>"),
    *(
        '<Define name="A"/>',
        "<Define/>",
        '<Data arg-index="3" name="a"/>',
        "<CompilerOptions/>",
        "<Kernel/>",
        "<Buffers/>",
    ),
    *('<Tensor arg-index="2" type="internal" port-index="0" size="64"/>', '<WorkSizes global="1"/>', "<CustomLayer/>"),
]
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')


def _anywhere(text: str, draw: random.Random) -> str:
    at = draw.randrange(len(text))
    new = draw.choice(["", draw.choice("<>&\"'/= \n\t0aB;!?-"), draw.choice(_SNIPPETS)])
    return text[:at] + new + text[at + (not new) :]


def _between_lines(text: str, draw: random.Random) -> str:
    lines = text.splitlines()
    lines.insert(draw.randrange(len(lines) + 1), draw.choice(_SNIPPETS))
    return "\n".join(lines)


def _lines(text: str, draw: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    one, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    match draw.randrange(3):
        case 0:
            lines.insert(other, lines[one])
        case 1:
            del lines[one]
        case _:
            lines[one], lines[other] = lines[other], lines[one]
    return "".join(lines)


def _attribute(text: str, draw: random.Random) -> str:
    found = list(_ATTRIBUTE.finditer(text))
    if not found:
        return text
    match = draw.choice(found)
    name, value = match.groups()
    new = draw.choice(
        [
            f'{name}="{draw.choice(_VALUES)}"',
            f'{name}="{draw.choice(_VALUES)}"',
            f'{draw.choice(_NAMES)}="{value}"',
            f'{match[0]} {name}="{draw.choice(_VALUES)}"',
            f"{name} = '{value}'",
            f'{name.upper()}="{value}"',
            "",
        ]
    )
    return text[: match.start()] + new + text[match.end() :]


def _whole(text: str, draw: random.Random) -> str:
    return draw.choice(
        [
            text.replace("\n", "\r\n"),
            text.replace("\n", ""),
            f"<All>{text}</All>",
            f"\ufeff{text}",
            text + XML,
            XML + text,
            text + XML.replace('"Copy"', '"Other"'),
            text[: draw.randrange(len(text))],
        ]
    )


def mutation(number: int) -> str:
    """The XML with one change to three changes."""
    draw = random.Random(number)  # noqa: S311  to draw the same each time
    text = XML
    for _ in range(draw.choice([1, 1, 1, 2, 3])):
        text = draw.choice([_anywhere, _between_lines, _lines, _attribute, _attribute, _attribute, _whole])(text, draw)
    return text
