"""OpenVINO versions and what follows from them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering
from typing import TYPE_CHECKING

from ovext.errors import UsageError

if TYPE_CHECKING:
    from packaging.version import Version

DEFAULT_RELEASE = "2026.4.1"  # where neither a project nor a manifest names one

# What package indexes had when this version of ovext was made, the oldest first.
KNOWN_RELEASES = (
    *("2023.0.0", "2023.0.1", "2023.0.2", "2023.1.0", "2023.2.0", "2023.3.0"),
    *("2024.0.0", "2024.1.0", "2024.2.0", "2024.3.0", "2024.4.0", "2024.5.0", "2024.6.0"),
    *("2025.0.0", "2025.1.0", "2025.2.0", "2025.3.0", "2025.4.0", "2025.4.1"),
    *("2026.0.0", "2026.1.0", "2026.2.0", "2026.2.1", "2026.3.0", "2026.3.1", "2026.4.0", "2026.4.1"),
)

# The libraries that an extension needs and that the wheel `openvino` brings: no other wheel may hold a copy.
BROUGHT_BY_OPENVINO = ("libopenvino.so.*", "libtbb.so.*")


@total_ordering
@dataclass(frozen=True)
class OpenVINOVersion:
    """A release such as 2026.4.1, or a candidate or development build of one, such as 2026.4.1rc1.

    A library built for it loads in no other release: the soname contains all three numbers.
    """

    year: int
    minor: int
    patch: int
    suffix: str = ""  # such as rc1 or .dev20240926

    @classmethod
    def parse(cls, text: str) -> OpenVINOVersion:
        """The version that `text` names.

        Raises:
            UsageError: it is not of the form YEAR.MINOR.PATCH, with or without rcN and .devN.
        """
        match = re.fullmatch(r"(20\d\d)\.(\d+)\.(\d+)((?:(?:a|b|rc)\d+)?(?:\.dev\d+)?)", text.strip())
        if not match:
            raise UsageError(f"'{text}' is not an OpenVINO version", fix="Give one such as 2026.4.1.")
        return cls(int(match[1]), int(match[2]), int(match[3]), match[4])

    def __str__(self) -> str:
        return f"{self.year}.{self.minor}.{self.patch}{self.suffix}"

    @property
    def numbers(self) -> tuple[int, int, int]:
        """What the soname of its library tells of it."""
        return self.year, self.minor, self.patch

    def __lt__(self, other: OpenVINOVersion) -> bool:
        return self._key < other._key

    @property
    def _key(self) -> Version:
        from packaging.version import Version  # noqa: PLC0415  seldom needed

        return Version(str(self))


# Older GPU plugins compute custom layers in static models only, or with one output only.
OLDEST_WITH_DYNAMIC_LAYERS = OpenVINOVersion(2025, 3, 0)
OLDEST_WITH_SEVERAL_OUTPUTS = OpenVINOVersion(2026, 0, 0)
OLDEST_WITH_SCRATCH = OpenVINOVersion(2026, 3, 0)
# In older releases, the front ends' classes for extensions are in separate libraries.
OLDEST_WITH_MAPPINGS = OpenVINOVersion(2025, 3, 0)
