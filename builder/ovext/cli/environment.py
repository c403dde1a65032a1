"""The OpenVINO that a command runs models in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from ovext.build.manifest import LibraryRecord
    from ovext.toolchain.openvino import OpenVINO


def openvino_to_run(asked: str | None, library: Path) -> OpenVINO:
    """The OpenVINO asked for; else the one that the library's manifest says it was built for, else any found here."""
    from ovext.targets.openvino import DEFAULT_RELEASE, OpenVINOVersion
    from ovext.toolchain.fetch import find_installed

    record = _record_of(library)
    built_for = record.openvino.version if record else None
    wanted = OpenVINOVersion.parse(built_for) if built_for else None
    if asked is None and (installed := find_installed(wanted)):
        return installed
    return _fetched(asked or built_for or DEFAULT_RELEASE)


def openvino_here(asked: str | None) -> OpenVINO | None:
    """The OpenVINO asked for, which is fetched if needed; else any that is installed."""
    from ovext.toolchain.fetch import find_installed

    return find_installed(None) if asked is None else _fetched(asked)


def _fetched(version: str) -> OpenVINO:
    from ovext.targets.openvino import OpenVINOVersion
    from ovext.toolchain.fetch import fetch_openvino
    from ovext.toolchain.openvino import read_openvino

    release = str(OpenVINOVersion.parse(version))
    return read_openvino(fetch_openvino(release, lambda text: typer.echo(text, err=True)))


def link_of(library: Path) -> str:
    """How the library's manifest says it is linked; `needed` where it has none."""
    record = _record_of(library)
    return record.link if record else "needed"


def _record_of(library: Path) -> LibraryRecord | None:
    from ovext.build.manifest import read_manifest

    manifest = read_manifest(library.parent)
    records = manifest.libraries if manifest else []
    return next((record for record in records if record.file == library.name), None)
