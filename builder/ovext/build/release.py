"""The OpenVINO that a command runs models in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovext.build.manifest import read_manifest
from ovext.targets.openvino_version import DEFAULT_RELEASE, OpenVINOVersion
from ovext.toolchain.fetch import fetched_openvino, find_installed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ovext.toolchain.openvino import OpenVINO


def openvino_to_run(asked: str | None, library: Path, talk: Callable[[str], None]) -> OpenVINO:
    """The requested OpenVINO; else the one that the library was built for by its manifest, else any found here.

    Raises:
        OpenVINOError: it is not here and cannot be fetched; `talk` receives a message about fetching.
    """
    built_for = _release_of(library)
    wanted = OpenVINOVersion.parse(built_for) if built_for else None
    if asked is None and (installed := find_installed(wanted)):
        return installed
    return fetched_openvino(asked or built_for or DEFAULT_RELEASE, talk)


def openvino_here(asked: str | None, talk: Callable[[str], None]) -> OpenVINO | None:
    """The requested OpenVINO, fetched if needed; without a request, any that is installed."""
    return find_installed(None) if asked is None else fetched_openvino(asked, talk)


def _release_of(library: Path) -> str | None:
    manifest = read_manifest(library.parent)
    records = manifest.libraries if manifest else []
    return next((record.openvino.version for record in records if record.file == library.name), None)
