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
    """The requested OpenVINO; else one that the library was built for by its manifest, else any found here.

    Raises:
        OpenVINOError: it is not here and cannot be fetched; `talk` receives a message about fetching.
    """
    built_for = _releases_of(library)
    if asked is None:
        for release in map(OpenVINOVersion.parse, built_for):
            if installed := find_installed(release):
                return installed
        if not built_for and (installed := find_installed(None)):
            return installed
    return fetched_openvino(asked or next(iter(built_for), DEFAULT_RELEASE), talk)


def openvino_here(asked: str | None, talk: Callable[[str], None]) -> OpenVINO | None:
    """The requested OpenVINO, fetched if needed; without a request, any that is installed."""
    return find_installed(None) if asked is None else fetched_openvino(asked, talk)


def _releases_of(library: Path) -> list[str]:
    manifest = read_manifest(library.parent)
    records = manifest.libraries if manifest else []
    record = next((one for one in records if one.file == library.name), None)
    return record.versions if record else []
