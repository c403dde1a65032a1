"""The OpenVINO that a command runs models in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from ovext.toolchain.openvino import OpenVINO

DEFAULT_OPENVINO = "2026.4.1"  # where neither a project nor a manifest names one


def openvino_to_run(asked: str | None, library: Path) -> OpenVINO:
    """The OpenVINO asked for; else the one that the library's manifest says it was built for, else any found here."""
    from ovext.build.manifest import read_manifest
    from ovext.targets.openvino import OpenVINOVersion
    from ovext.toolchain.fetch import fetch_openvino
    from ovext.toolchain.openvino import choose_openvino, read_openvino

    manifest = read_manifest(library.parent)
    records = manifest.libraries if manifest else []
    built_for = next((record.openvino.version for record in records if record.file == library.name), None)
    choice = choose_openvino(asked, built_for or DEFAULT_OPENVINO)
    if choice.cmake_dir is not None:
        found = read_openvino(choice.cmake_dir)
        if asked or built_for is None or found.version == OpenVINOVersion.parse(built_for):
            return found
    version = choice.version or built_for or DEFAULT_OPENVINO
    return read_openvino(fetch_openvino(version, lambda text: typer.echo(text, err=True)))
