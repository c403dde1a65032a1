"""The ops that a CMakeLists.txt names, as far as its text shows."""

from __future__ import annotations

import re

COMMENT = re.compile(r"#\[(=*)\[.*?\]\1\]|#[^\n]*", re.DOTALL)
CALL = re.compile(r"\bovext_add_extension\s*\(([^)]*)\)", re.IGNORECASE)
_NO_PLAIN_WORDS = re.compile(r'["$;\[\](]')
_OTHER_CALLS = re.compile(r"\b(include|add_subdirectory|macro|function|foreach)\s*\(", re.IGNORECASE)  # may add ops
_KEYWORDS = {"OPS", "SOURCES", "LINK"}


def listed_ops(text: str) -> list[str] | None:
    """The names after OPS in all calls of ovext_add_extension(); None if only CMake knows them."""
    text = COMMENT.sub("", text)
    calls = CALL.findall(text)
    if not calls or _OTHER_CALLS.search(text) or any(_NO_PLAIN_WORDS.search(call) for call in calls):
        return None
    ops: list[str] = []
    for call in calls:
        keyword = ""
        for word in call.split()[1:]:
            if word in _KEYWORDS:
                keyword = word
            elif keyword == "OPS":
                ops.append(word)
    return list(dict.fromkeys(ops))
