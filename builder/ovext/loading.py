"""Loading an extension library into an OpenVINO core, for the users of the library."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.errors import LibraryError

if TYPE_CHECKING:
    import openvino

_VARIABLE = "CPU_EXTENSION"
_FIX = f"Build one with `ovext build`, or let {_VARIABLE} name a library."


def load(
    core: openvino.Core, library: str | os.PathLike[str] | None = None, *, folder: str | os.PathLike[str] = "."
) -> Path:
    """Add an extension library to `core` and give its path.

    Args:
        core: the openvino.Core that is to know the library's ops.
        library: the library; without it, the one that the environment variable CPU_EXTENSION names; without that, the
            one that was last built into lib/<base OS>/ below `folder`.
        folder: the project, or the folder that `ovext build` was run in.

    Raises:
        LibraryError: there is no such library, or OpenVINO cannot load it.
    """
    path, why = find_library(library, folder)
    try:
        core.add_extension(str(path))
    except RuntimeError as error:
        raise LibraryError(f"OpenVINO cannot load the library ({why}): {str(error).strip()}", where=path) from error
    return path


def find_library(library: str | os.PathLike[str] | None, folder: str | os.PathLike[str] = ".") -> tuple[Path, str]:
    """The library that `load` would load, and why that one.

    Raises:
        LibraryError: there is none; the text says what was tried.
    """
    if library is not None:
        return _existing(Path(library), "as given")
    if named := os.environ.get(_VARIABLE):
        return _existing(Path(named), f"{_VARIABLE} names it")
    own = _built_below(Path(folder) / "lib")
    if not own:
        tried = f"{_VARIABLE} is not set, and no manifest.json in {Path(folder).resolve() / 'lib'}/*/ lists a library"
        raise LibraryError(f"no extension library was found: {tried}", fix=_FIX)
    return own[0].absolute(), "the newest one of the project"


def _existing(path: Path, why: str) -> tuple[Path, str]:
    if not path.is_file():
        raise LibraryError(f"there is no such extension library ({why})", where=path, fix=_FIX)
    return path.absolute(), why


def _built_below(folder: Path) -> list[Path]:
    """The libraries that manifests below `folder` list, the newest first."""
    libraries = []
    for manifest in folder.glob("*/manifest.json"):
        try:
            listed = json.loads(manifest.read_text(encoding="utf-8"))["libraries"]
            libraries += [manifest.parent / record["file"] for record in listed]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LibraryError(f"the manifest cannot be read: {error!r}", where=manifest, fix=_FIX) from None
    present = [library for library in libraries if library.is_file()]
    return sorted(present, key=lambda library: library.stat().st_mtime, reverse=True)
