"""The ops that a CMakeLists.txt names, as far as its text tells."""

from __future__ import annotations

import re

_CALL = re.compile(r"\bovext_add_extension\s*\(([^)]*)\)", re.IGNORECASE)
_COMMENT = re.compile(r"#[^\n]*")
_KEYWORDS = {"OPS", "SOURCES", "LINK"}


def listed_ops(text: str) -> list[str] | None:
    """The names after OPS in all calls of ovext_add_extension(); None where only CMake knows them."""
    ops: list[str] = []
    for call in _CALL.findall(_COMMENT.sub("", text)):
        keyword = ""
        for word in call.split()[1:]:
            if word in _KEYWORDS:
                keyword = word
            elif keyword == "OPS":
                ops.append(word.strip('"'))
    return None if any("$" in op for op in ops) else list(dict.fromkeys(ops))
