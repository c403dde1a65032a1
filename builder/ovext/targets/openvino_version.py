"""OpenVINO versions and what follows from them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ovext.errors import UsageError

DEFAULT_RELEASE = "2026.4.1"  # where neither a project nor a manifest names one

# The libraries that an extension needs and that the wheel `openvino` brings: no other wheel may hold a copy.
BROUGHT_BY_OPENVINO = ("libopenvino.so.*", "libtbb.so.*")


@dataclass(frozen=True, order=True)
class OpenVINOVersion:
    """A release such as 2026.4.1. A library built for it loads in no other: the soname contains all three numbers."""

    year: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> OpenVINOVersion:
        """The version that `text` names; the patch number may be missing.

        Raises:
            UsageError: it is not of the form YEAR.MINOR[.PATCH].
        """
        match = re.fullmatch(r"(20\d\d)\.(\d+)(?:\.(\d+))?", text.strip())
        if not match:
            raise UsageError(f"'{text}' is not an OpenVINO version", fix="Give one such as 2026.4.1.")
        return cls(int(match[1]), int(match[2]), int(match[3] or 0))

    def __str__(self) -> str:
        return f"{self.year}.{self.minor}.{self.patch}"


# Older GPU plugins compute custom layers in static models only, or with one output only.
OLDEST_WITH_DYNAMIC_LAYERS = OpenVINOVersion(2025, 3, 0)
OLDEST_WITH_SEVERAL_OUTPUTS = OpenVINOVersion(2026, 0, 0)
# In older releases, the front ends' classes for extensions are in separate libraries.
OLDEST_WITH_MAPPINGS = OpenVINOVersion(2025, 3, 0)
