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
    from ovext.toolchain.fetch import fetch_openvino
    from ovext.toolchain.openvino import choose_openvino, read_openvino

    record = _record_of(library)
    built_for = record.openvino.version if record else None
    choice = choose_openvino(asked, built_for or DEFAULT_RELEASE)
    if choice.cmake_dir is not None:
        found = read_openvino(choice.cmake_dir)
        if asked or built_for is None or found.version == OpenVINOVersion.parse(built_for):
            return found
    version = choice.version or built_for or DEFAULT_RELEASE
    return read_openvino(fetch_openvino(version, lambda text: typer.echo(text, err=True)))


def link_of(library: Path) -> str:
    """How the library's manifest says it is linked; `needed` where it has none."""
    record = _record_of(library)
    return record.link if record else "needed"


def _record_of(library: Path) -> LibraryRecord | None:
    from ovext.build.manifest import read_manifest

    manifest = read_manifest(library.parent)
    records = manifest.libraries if manifest else []
    return next((record for record in records if record.file == library.name), None)
