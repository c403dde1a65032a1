"""What the package of an extension offers. ovext put this file here; it needs nothing but openvino."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os

    import openvino

_FOLDER = Path(__file__).resolve().parent


def path(library: str | None = None) -> Path:
    """The extension library, for `core.add_extension`, `ovc --extension` and the like.

    Args:
        library: the file's name, where the package holds several; without it, the first that loads in any process.

    Raises:
        RuntimeError: the package holds no such library.
    """
    return _FOLDER / str(_record(library)["file"])


def register(core: openvino.Core) -> Path:
    """Make the ops known to `core`; gives the path of their library, or of the first that the package holds.

    Raises:
        RuntimeError: the installed OpenVINO is not the release that the library was built for.
    """
    import openvino  # noqa: PLC0415  nothing is imported before it is needed

    record = _record()
    built_for: str = record["openvino"]["version"]
    installed = openvino.get_version().split("-")[0]
    if installed != built_for:
        project = f"{record['project']['name']} {record['project']['version']}"
        raise RuntimeError(
            f"{project} was built for OpenVINO {built_for} and cannot be used with OpenVINO {installed}: "
            f"install openvino=={built_for}.*, or a {record['project']['name']} that was built for {installed}."
        )
    for one in _records():
        if one["link"] == "needed":  # others load in the processes that they are made for
            core.add_extension(str(_FOLDER / one["file"]))
    return path()


def gpu_config(library: str | None = None, *, cache_dir: str | os.PathLike[str] | None = None) -> dict[str, str]:
    """The properties with which the GPU plugin knows the ops, for `core.set_property("GPU", ...)`.

    Args:
        library: as for `path`.
        cache_dir: where to keep compiled models. A folder of its own below it for each state of the layers is given as
            CACHE_DIR, because the plugin itself would go on using a model that was compiled with an older kernel.

    Raises:
        RuntimeError: no op of the library has a GPU layer.
    """
    layer = next((layer for layer in _record(library)["layers"] if layer["kind"] == "gpu"), None)
    if layer is None:
        raise RuntimeError(f"no op of {path(library).name} has a GPU layer")
    config = {"CONFIG_FILE": str(_FOLDER / layer["config"])}
    if cache_dir is not None:
        state = hashlib.sha256(json.dumps(layer["files"], sort_keys=True).encode()).hexdigest()
        config["CACHE_DIR"] = str(Path(cache_dir).absolute() / state[:16])
    return config


def _record(library: str | None = None) -> dict[str, Any]:
    found = next((one for one in _records() if library in {None, one["file"]}), None)
    if found is None:
        raise RuntimeError(f"{_FOLDER} holds no library {library}, but {', '.join(one['file'] for one in _records())}")
    return found


def _records() -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads((_FOLDER / "manifest.json").read_text(encoding="utf-8"))["libraries"]
    return sorted(records, key=lambda record: record["link"] != "needed")
