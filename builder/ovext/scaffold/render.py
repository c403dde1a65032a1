"""The templates: text from a description."""

from __future__ import annotations

import json
import math
import textwrap
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment, Template

_COMMENT = 108  # columns, without the margin
# A file with this in its first line is rewritten by `ovext sync`, and by nothing else.
MARK = "Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead."


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415  an up-to-date build needs none

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  C++, Python and Markdown, no HTML
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["py"] = python_literal
    environment.filters["code"] = lambda text: f"`{text}`"
    return environment


def python_literal(value: Any) -> str:
    """A value as Python, with the quotes that formatters want."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, list):
        return f"[{', '.join(map(python_literal, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(python_literal, value))}{',' if len(value) == 1 else ''})"
    return repr(value)


def comment_lines(text: str) -> list[str]:
    """The text as lines of a C++ comment. One that ends in a backslash gets a period: it would go on in the code."""
    return [f"{line}." if line.endswith("\\") else line for line in textwrap.wrap(text, _COMMENT)]


def render(template: str, **context: Any) -> str:
    """The text of templates/<template>.j2."""
    chosen: Template = _environment().get_template(f"{template}.j2")
    return chosen.render(mark=MARK, **context)
