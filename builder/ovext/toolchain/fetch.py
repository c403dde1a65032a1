"""Installed OpenVINO releases, and releases from the user's package index, unpacked in the user's cache."""

from __future__ import annotations

import os
import re
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.errors import FilesError, OpenVINOError, UsageError, nearest
from ovext.lock import folder_lock
from ovext.targets.openvino_version import DEFAULT_RELEASE, OpenVINOVersion
from ovext.toolchain.openvino import choose_openvino, read_openvino
from ovext.toolchain.process import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from ovext.toolchain.openvino import OpenVINO

_SHOWN = 12


def cache_dir() -> Path:
    """Where ovext keeps what it fetched: OVEXT_CACHE_DIR, else the user's cache folder."""
    if override := os.environ.get("OVEXT_CACHE_DIR"):
        return Path(override).absolute()
    from platformdirs import user_cache_path  # noqa: PLC0415  seldom needed

    return user_cache_path("ovext")


def cached_cmake_dir(version: str) -> Path:
    """Where CMake's files of that release are once it is fetched. Each Python version has its own copy of a release."""
    return _release_dir(version) / "openvino" / "cmake"


def find_installed(wanted: OpenVINOVersion | None) -> OpenVINO | None:
    """The installed OpenVINO if it is `wanted`, or if `wanted` is None; else `wanted` from the cache, if there.

    A build or candidate of a release passes for it, since its library has the same soname.
    """
    choice = choose_openvino(None, str(wanted or DEFAULT_RELEASE))
    if choice.cmake_dir is not None:
        openvino = read_openvino(choice.cmake_dir)
        if wanted is None or wanted in {openvino.version, OpenVINOVersion(*openvino.version.numbers)}:
            return openvino
    cached = cached_cmake_dir(str(wanted)) if wanted else None
    return read_openvino(cached) if cached and cached.is_dir() else None


def fetched_openvino(version: str, talk: Callable[[str], None]) -> OpenVINO:
    """A release that the user names, fetched if needed.

    Raises:
        UsageError: this is not a version.
        OpenVINOError, FilesError: as fetch_openvino does.
    """
    return read_openvino(fetch_openvino(str(OpenVINOVersion.parse(version)), talk))


def fetch_openvino(version: str, talk: Callable[[str], None]) -> Path:
    """The CMake folder of that release, fetched with pip unless it is in the cache.

    Raises:
        OpenVINOError: the index has no such release for this Python, or cannot be reached.
        FilesError: the cache cannot be written.
    """
    release = _release_dir(version)
    if release.is_dir():
        return cached_cmake_dir(version)
    try:
        release.parent.mkdir(parents=True, exist_ok=True)
        with folder_lock(release.parent, f"another ovext to fetch OpenVINO {version}", talk):
            if not release.is_dir():
                talk(f"Fetching OpenVINO {version} from the package index into {release}")
                _fetch(version, release)
    except OSError as error:
        raise FilesError(
            f"the cache folder cannot be written: {error.strerror}",
            where=release.parent,
            fix="Set OVEXT_CACHE_DIR to a folder that can be written, or use an OpenVINO that is installed.",
        ) from None
    return cached_cmake_dir(version)


def fetched_releases() -> list[str]:
    """The releases in the user's cache for this Python."""
    names = [folder.name.removesuffix(f"-{_python()}") for folder in (cache_dir() / "openvino").glob(f"*-{_python()}")]
    found = []
    for name in names:
        with suppress(UsageError):  # another file
            found.append(str(OpenVINOVersion.parse(name)))
    return found


def _python() -> str:
    return f"cp{sys.version_info.major}{sys.version_info.minor}"


def _release_dir(version: str) -> Path:
    return cache_dir() / "openvino" / f"{version}-{_python()}"


def _fetch(version: str, release: Path) -> None:
    partial = release.with_name(release.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check"]
    command = [*pip, "--quiet", "--no-input", "--target", str(partial), f"openvino=={version}"]
    finished = run(command, cwd=release.parent)  # files in the user's folder must not shadow a module
    if not finished.ok:
        shutil.rmtree(partial, ignore_errors=True)
        raise _explain(version, finished.errors)
    if not (partial / "openvino" / "cmake").is_dir():
        shutil.rmtree(partial, ignore_errors=True)
        raise OpenVINOError(
            f"the wheel of OpenVINO {version} holds no CMake files, so nothing can be built against it",
            fix="Use a later release, or unpack its archive and let OpenVINO_DIR name it.",
        )
    partial.rename(release)


def _explain(version: str, pip_errors: str) -> OpenVINOError:
    listed = re.search(r"from versions: ([^)]*)\)", pip_errors)
    offered = [] if not listed or listed[1] == "none" else [name.strip() for name in listed[1].split(",")]
    if offered:
        return OpenVINOError(
            f"OpenVINO {version} does not exist in the package index{nearest(version, offered[-_SHOWN:])}",
            fix=f"For this Python it offers {', '.join(offered[-_SHOWN:])}.",
        )
    last = next((line for line in reversed(pip_errors.splitlines()) if line.strip()), "pip said nothing")
    return OpenVINOError(
        f"OpenVINO {version} could not be fetched: {last.removeprefix('ERROR: ')}",
        fix="Check the network and pip's index settings; without a network, set PIP_NO_INDEX=1 and PIP_FIND_LINKS to "
        "a folder of wheels, install openvino here, or set OpenVINO_DIR.",
    )
