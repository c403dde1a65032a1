"""Loading an extension library into an OpenVINO core, for the users of the library."""

from __future__ import annotations

import json
import os
import re
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovext.errors import FilesError, LibraryError, NoLibraryError
from ovext.files import is_file, read_regular
from ovext.transaction import finish_change, is_inner_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from importlib.metadata import EntryPoint

    import openvino

_VARIABLE = "CPU_EXTENSION"
_ENTRY_POINTS = "ovext.extensions"
_LOADED: dict[Path, tuple[int, int, int]] = {}  # the state of each library's file when this process first loaded it
_FIX = f"Build one with `ovext build`, or name one: as an argument (--library), or by {_VARIABLE}."


def load(
    core: openvino.Core, library: str | os.PathLike[str] | None = None, *, folder: str | os.PathLike[str] = "."
) -> Path:
    """Add an extension library to `core` and return its path.

    Args:
        core: the openvino.Core to add the library's ops to.
        library: the library. By default, the one that the environment variable CPU_EXTENSION names; without that, the
            one that was last built into lib/<base OS>/ below `folder`.
        folder: the project, or the folder that `ovext build` was run in.

    Raises:
        LibraryError: there is no such library, or OpenVINO cannot load it.

    A warning tells if the file has changed since this process loaded it: a library is never unloaded.
    """
    path, why = find_library(library, folder)
    _warn_if_changed(path)
    try:
        core.add_extension(str(path))
    except RuntimeError as error:
        raise LibraryError(f"OpenVINO cannot load the library ({why}): {_explained(error)}", where=path) from error
    return path


def _warn_if_changed(library: Path) -> None:
    """The loader knows a library by its path, and gives the process the one that it has."""
    state = os.stat(library)  # noqa: PTH116  of the file that a link leads to
    now = (state.st_ino, state.st_mtime_ns, state.st_size)
    if _LOADED.setdefault(library, now) != now:
        text = f"{library} has changed since this process loaded it, and the old one is used: restart the process"
        warnings.warn(text, stacklevel=3)


def register_all(core: openvino.Core) -> list[Path]:
    """Register the ops of every installed extension with `core`; returns the libraries' paths.

    Installed extensions are packages with an entry point in the group `ovext.extensions`. Wheels of extensions have it.
    A warning names each that cannot be imported or is for another OpenVINO, and each op that two of them have: that of
    the first is used.
    """
    return _of_each_installed(lambda module: module.register(core))


def installed_libraries() -> list[Path]:
    """The libraries of every installed extension that `register_all` would register; it warns in the same way."""
    return _of_each_installed(lambda module: module.path())


def _of_each_installed(use: Callable[[Any], Path]) -> list[Path]:
    libraries = []
    for found in _installed():
        try:
            libraries += _used(found, use)
        except LibraryError as error:
            what = " ".join(error.what.split()).rstrip(".")
            warnings.warn(f"{what}. {error.fix}", stacklevel=4)
    return libraries


def _installed() -> list[EntryPoint]:
    from importlib.metadata import entry_points  # noqa: PLC0415  seldom needed

    return sorted(entry_points(group=_ENTRY_POINTS), key=lambda entry: entry.name)


def _used(found: EntryPoint, use: Callable[[Any], Path]) -> list[Path]:
    """What an extension is used for gives the path of a library; returns all that load in any process beside it."""
    try:
        library = use(found.load())
    except Exception as error:
        problem = f"the installed extension {found.name} cannot be used: {error}"
        fix = f"Install one that fits, or `pip uninstall {_distribution(found)}`."
        raise LibraryError(problem, fix=fix) from error
    return list(dict.fromkeys([library, *_listed(library.parent.glob("manifest.json"), None)]))


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.name


def gpu_layers(library: Path) -> dict[str, Any] | None:
    """The record of the library's GPU layers in the manifest beside it."""
    manifest = library.parent / "manifest.json"
    if not manifest.is_file():
        return None
    with _records(manifest) as records:
        layers = [one for record in records if record["file"] == library.name for one in record.get("layers", [])]
        return next((one for one in layers if one["kind"] == "gpu"), None)


def _names(records: list[dict[str, Any]]) -> Iterator[str]:
    """The name of every file in the records of a manifest."""
    for record in records:
        yield record["file"]
        for layer in record.get("layers", []):
            yield from (layer["config"], *layer["files"])


@contextmanager
def _records(manifest: Path) -> Iterator[list[dict[str, Any]]]:
    """The libraries that a manifest lists. A fault in it becomes a LibraryError, also when the block finds it."""
    try:
        _finish_build(manifest)
        records = json.loads(read_regular(manifest))["libraries"]
        outside = [name for name in _names(records) if not is_inner_name(name)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise LibraryError(f"the manifest cannot be read: {error!r}", where=manifest, fix=_FIX) from None
    if outside:
        raise LibraryError(f"the manifest names files elsewhere: {outside[0]!r}", where=manifest, fix=_FIX)
    try:
        yield records
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LibraryError(f"the manifest cannot be read: {error!r}", where=manifest, fix=_FIX) from None


def _finish_build(file: Path) -> None:
    """Finish what a killed build began to publish in the file's folder."""
    try:
        finish_change(file.parent)
    except FilesError as error:
        raise LibraryError(f"a build was ended while it published: {error.what}", where=file, fix=_FIX) from None


def find_library(
    library: str | os.PathLike[str] | None, folder: str | os.PathLike[str] = ".", op: str | None = None
) -> tuple[Path, str]:
    """The library that `load` would load, and why.

    Args:
        library: a library, or a folder that `ovext build` wrote.
        folder: the folder whose lib/ is searched when neither `library` nor CPU_EXTENSION is set.
        op: a search in a folder finds only libraries with this op.

    Raises:
        LibraryError: there is none; the text says what was tried.
    """
    if library is not None:
        return _named(Path(library), "as given", op)
    if named := os.environ.get(_VARIABLE):
        return _named(Path(named), f"{_VARIABLE} names it", op)
    below = Path(folder).absolute() / "lib"
    own = _listed(below.glob("*/manifest.json"), op)
    if not own:
        wanted = f" with the op {op}" if op else ""
        tried = f"{_VARIABLE} is not set, and no manifest.json in {below}/*/ lists a library{wanted}"
        raise NoLibraryError(f"no extension library was found: {tried}", fix=_FIX)
    return own[0], "the newest one of the project"


def _explained(error: RuntimeError) -> str:
    """OpenVINO's text, preceded by the usual cause if that applies: a library for another release."""
    text = str(error).strip()
    other = re.search(r"libopenvino\.so\.(\d+): cannot open", text)
    return f"it is built for another OpenVINO, whose library is {other[0].partition(':')[0]}\n{text}" if other else text


def _named(path: Path, why: str, op: str | None) -> tuple[Path, str]:
    path = path.absolute()
    if path.is_dir():
        listed = _listed(path.glob("manifest.json"), op)
        if listed:
            return listed[0], why
        wanted = f" with the op {op}" if op else ""
        raise LibraryError(f"its manifest lists no library{wanted} that loads everywhere ({why})", where=path, fix=_FIX)
    _finish_build(path)
    if not path.is_file():
        raise LibraryError(f"there is no such extension library ({why})", where=path, fix=_FIX)
    return path, why


def _listed(manifests: Iterable[Path], op: str | None) -> list[Path]:
    """The libraries in the manifests that load in any process, newest first."""
    found = []
    for manifest in manifests:
        with _records(manifest) as records:
            for record in records:
                ops = [described["type"] for described in record["ops"]]
                if record["link"] == "needed" and (op is None or op in ops):
                    found.append(manifest.parent / record["file"])
    present = [library for library in found if is_file(library)]
    return sorted(present, key=lambda library: library.stat().st_mtime, reverse=True)
