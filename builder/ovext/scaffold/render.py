"""The templates: text from a description."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

if TYPE_CHECKING:
    from jinja2 import Template

# A file with this in its first line is rewritten by `ovext sync`, and by nothing else.
MARK = "Derived from op.toml by `ovext sync`, which overwrites it: change op.toml instead."


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  C++, Python and Markdown, no HTML
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["py"] = _python
    environment.filters["code"] = lambda text: f"`{text}`"
    return environment


def _python(value: Any) -> str:
    """A value as Python, with the quotes that formatters want."""
    if isinstance(value, str):
        return json.dumps(value)
    return f"[{', '.join(map(_python, value))}]" if isinstance(value, list) else repr(value)


def render(template: str, **context: Any) -> str:
    """The text of templates/<template>.j2."""
    chosen: Template = _environment().get_template(f"{template}.j2")
    return chosen.render(mark=MARK, **context)
