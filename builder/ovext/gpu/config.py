"""The properties that make extensions' layers known to the GPU plugin, which reads one file only."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ovext.errors import LibraryError, NoLibraryError
from ovext.files import read_regular, replace_text, writing_to
from ovext.loading import find_library, gpu_layers, installed_libraries
from ovext.toolchain.fetch import cache_dir as ovext_cache

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

_BUILD_AGAIN = "Build it again."


@dataclass(frozen=True)
class _Layers:
    """The layers of a library: their XML, and the content of each of their files by its path from the library."""

    library: Path
    config: str
    files: dict[str, bytes]
    precision: str | None


def gpu_config(
    *libraries: str | os.PathLike[str],
    cache_dir: str | os.PathLike[str] | None = None,
    folder: str | os.PathLike[str] = ".",
) -> dict[str, str]:
    """The properties that make extensions' layers known to the GPU plugin: core.set_property("GPU", ...).

    The layers of several libraries are written into one file in ovext's cache. If two have a layer for one op type,
    that of the first library is used, as OpenVINO uses the op that was added first; a warning names both.

    Args:
        libraries: as for `load`; what `register_all` returns. By default, the one that `load` loads, or if there is
            none, those of all installed extensions.
        cache_dir: where to keep compiled models. CACHE_DIR is a subfolder that changes with the layers' content,
            because the plugin itself would go on using a model that was compiled with an older kernel.
        folder: as for `load`.

    Raises:
        LibraryError: there is no such library, or none has GPU layers.
        FilesError: the cache cannot be written.
    """
    paths = list(dict.fromkeys(find_library(one)[0] for one in libraries)) or _usual(folder)
    found = [layers for path in paths if (layers := _layers_of(path))]
    if not found:
        problem = "no manifest beside it lists GPU layers of this library"
        fix = "Give the library, or the folder that it was built into."
        raise LibraryError(problem, where=paths[0] if paths else Path(folder), fix=fix)
    config = {"CONFIG_FILE": str(found[0].library.parent / found[0].config if len(found) == 1 else _merged(found))}
    if any(layers.precision for layers in found):
        config["INFERENCE_PRECISION_HINT"] = "f32"
    if cache_dir is not None:
        content = b"".join(layers.files[name] for layers in found for name in sorted(layers.files))
        config["CACHE_DIR"] = str(Path(cache_dir).absolute() / hashlib.sha256(content).hexdigest()[:16])
    return config


def _usual(folder: str | os.PathLike[str]) -> list[Path]:
    try:
        return [find_library(None, folder)[0]]
    except NoLibraryError:
        if installed := installed_libraries():
            return installed
        raise


def _layers_of(library: Path) -> _Layers | None:
    record = gpu_layers(library)
    if record is None:
        return None
    if record["config"] not in record["files"]:
        problem = f"the manifest does not list its GPU layers' own file {record['config']!r}"
        raise LibraryError(problem, where=library, fix=_BUILD_AGAIN)
    try:
        files = {name: read_regular(library.parent / name) for name in record["files"]}
    except OSError as error:
        problem = f"a file of its GPU layers cannot be read: {error.strerror}"
        raise LibraryError(problem, where=error.filename, fix=_BUILD_AGAIN) from None
    return _Layers(library, record["config"], files, record.get("precision"))


def _merged(found: Sequence[_Layers]) -> Path:
    """The XML with the layers of all, in a folder of the cache whose name is its content."""
    from pugixml import pugi  # noqa: PLC0415  seldom needed

    document, writer = pugi.XMLDocument(), pugi.StringWriter()
    files: dict[str, str] = {}
    owners: dict[str, Path] = {}
    for number, layers in enumerate(found):
        for node in _nodes(layers):
            op = node.attribute("name").value()
            if op in owners:
                text = f"{layers.library} has a GPU layer for {op} too; that of {owners[op]} is used"
                warnings.warn(text, stacklevel=3)
                continue
            owners[op] = layers.library
            copied = document.append_copy(node)
            for source in copied.child("Kernel").children("Source"):
                files |= _moved(source, layers, f"{number}-{len(files)}")
    document.print(writer)
    files["layers.xml"] = writer.getvalue()
    key = hashlib.sha256("\0".join(text for pair in sorted(files.items()) for text in pair).encode()).hexdigest()[:16]
    folder = ovext_cache() / "gpu-layers" / key
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():  # the XML last
            if not _has_text(folder / name, text):
                replace_text(folder / name, text)
    return folder / "layers.xml"


def _has_text(file: Path, text: str) -> bool:
    try:
        return read_regular(file) == text.encode()
    except OSError:
        return False


def _nodes(layers: _Layers) -> Iterator[Any]:
    from pugixml import pugi  # noqa: PLC0415  seldom needed

    document, data = pugi.XMLDocument(), layers.files[layers.config]
    if document.load_buffer(data, len(data)).status != pugi.STATUS_OK:
        where = layers.library.parent / layers.config
        raise LibraryError("the file of its GPU layers is not XML", where=where, fix=_BUILD_AGAIN)
    yield from (node for node in document.children() if node.type() == pugi.NODE_ELEMENT)


def _moved(source: Any, layers: _Layers, prefix: str) -> dict[str, str]:
    """Name a source in the XML as it is called in the merged folder; returns its text by that name."""
    given = source.attribute("filename").value()
    path = str(PurePosixPath(layers.config).parent / given)
    if path not in layers.files:
        problem = f"its GPU layers name the source {given!r}, which the manifest does not list"
        raise LibraryError(problem, where=layers.library, fix=_BUILD_AGAIN)
    name = f"{prefix}-{PurePosixPath(given).name}"
    source.attribute("filename").set_value(name)
    return {name: layers.files[path].decode(errors="replace")}
