"""The names in a file: read within limits, and shown so that they cannot do harm."""

from __future__ import annotations

from ovext.errors import UnreadableFileError

_LONGEST = 1 << 16  # bytes of a name
_LONGEST_SHOWN = 200


class Strings:
    """A table of names that end with a zero byte. Names may overlap, but not so that they take more than memory has."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._left = 4 * len(content) + (1 << 20)

    def at(self, offset: int, longest: int = _LONGEST) -> str:
        """The name at an offset; empty beyond the table.

        Raises:
            UnreadableFileError: the names together are many times as long as the table.
        """
        if offset >= len(self._content):
            return ""
        limit = min(offset + longest, len(self._content))
        end = self._content.find(b"\0", offset, limit)
        name = self._content[offset : end if end >= 0 else limit]
        self._left -= len(name)
        if self._left < 0:
            raise UnreadableFileError("this file is damaged: its names overlap")
        return name.decode("utf-8", "replace")


def printable(text: str, longest: int = _LONGEST_SHOWN) -> str:
    """A name out of a foreign file without characters that a terminal acts upon, shortened in its middle."""
    safe = "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
    half = longest // 2
    return safe if len(safe) <= longest else f"{safe[:half]}...{safe[-half:]}"
