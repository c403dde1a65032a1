"""What the package of an extension offers. ovext put this file here; it needs nothing but openvino."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import openvino

_FOLDER = Path(__file__).resolve().parent
_loaded: dict[str, tuple[int, int, int]] = {}  # the state of each library's file when this process first loaded it
# Core::add_extension(const std::string&), if std::string is that of the new C++ ABI.
_OF_NEW_ABI = "_ZN2ov4Core13add_extensionERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"


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

    A warning tells of an op that another package has registered with the core before: OpenVINO uses that one. Another
    one tells if the library's file has changed since this process loaded it.

    Raises:
        RuntimeError: the process has no OpenVINO that the library was built for, or a file of the package is missing.
    """
    for one in _records():
        if one["link"] == "needed":  # others load in the processes that they are made for
            _check_openvino(one)
            _check_files(one)
            _warn_if_changed(_FOLDER / one["file"])
            core.add_extension(str(_FOLDER / one["file"]))
            _warn_if_known(core, one)
    return path()


def _check_files(record: dict[str, Any]) -> None:
    for name in [record["file"], *(copy["file"] for copy in record.get("bundled", []))]:
        if not (_FOLDER / name).is_file():
            raise RuntimeError(f"{_FOLDER / name} is missing: install {record['project']['name']} again")


def _warn_if_changed(library: Path) -> None:
    """The loader knows a library by its path, and gives the process the one that it has."""
    state = library.stat()
    now = (state.st_ino, state.st_mtime_ns, state.st_size)
    if _loaded.setdefault(library.name, now) != now:
        text = f"{library} has changed since this process loaded it, and the old one is used: restart the process"
        warnings.warn(text, stacklevel=3)


def _warn_if_known(core: openvino.Core, record: dict[str, Any]) -> None:
    """The packages of extensions note in a core which op is whose."""
    name = record["project"]["name"]
    known: dict[tuple[str, str], str] = getattr(core, "__dict__", {}).setdefault("_ops_of_extensions", {})
    for op in record["ops"]:
        first = known.setdefault((op["type"], op["opset"]), name)
        if first != name:
            text = f"both {first} and {name} have the op {op['type']} ({op['opset']}): that of {first} is used"
            warnings.warn(text, stacklevel=3)


def _check_openvino(record: dict[str, Any]) -> None:
    """A library for several releases says itself which one it lacks."""
    built_for = record["openvino"]
    if record.get("releases") or _is_loaded(built_for["soname"], built_for["cxx11_abi"]):
        return
    import openvino  # noqa: PLC0415  nothing is imported before it is needed

    name, version, here = record["project"]["name"], record["project"]["version"], openvino.get_version()
    release, soname = built_for["version"], built_for["soname"]
    abi = "" if built_for["cxx11_abi"] else " with the old C++ ABI"
    raise RuntimeError(
        f"{name} {version} was built for OpenVINO {release} ({soname}){abi} and cannot be used with OpenVINO {here}: "
        f"install openvino=={release}, or a {name} that was built for {here}."
    )


def _is_loaded(soname: str, cxx11_abi: bool) -> bool:
    """Whether the process has that library. Versions do not tell: a custom build can have any."""
    try:
        library = ctypes.CDLL(soname, mode=os.RTLD_NOW | os.RTLD_NOLOAD)
    except OSError:
        return False
    return hasattr(library, _OF_NEW_ABI) == cxx11_abi


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
    if layer.get("precision"):
        config["INFERENCE_PRECISION_HINT"] = layer["precision"]
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
