"""The OpenVINO dependency in the metadata of an extension's wheel.

scikit-build-core calls this a provider of dynamic metadata: `[[tool.dynamic-metadata]]` of an extension project names
this module, and the wheel then requires the OpenVINO release that its library was built against.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovext.project import load_project
from ovext.targets.openvino_version import KNOWN_RELEASES, OpenVINOVersion
from ovext.toolchain.openvino import choose_openvino, read_openvino

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ovext.toolchain.openvino import OpenVINO


def openvino_to_build_against(root: Path) -> OpenVINO | None:
    """The OpenVINO that a variable names, else the one in this Python environment; None if there is neither."""
    choice = choose_openvino(None, load_project(root).settings.default_openvino)
    return read_openvino(choice.cmake_dir) if choice.cmake_dir else None


def requirement_of(releases: Sequence[str]) -> str:
    """What a package requires whose library loads in these releases of OpenVINO only.

    Of several releases, it is the span from the oldest to the newest without the releases that are known to lie between
    them. PEP 440 has no shorter way to say "one of these".
    """
    versions = sorted(map(OpenVINOVersion.parse, releases))
    if len(versions) == 1:
        return f"openvino=={versions[0]}" + ("" if versions[0].suffix else ".*")
    oldest, newest = versions[0], versions[-1]
    lines = {(one.year, one.minor) for one in versions}
    between = [one for one in map(OpenVINOVersion.parse, KNOWN_RELEASES) if oldest < one < newest]
    holes = [
        f"!={one}.*" if (one.year, one.minor) in lines else f"!={one.year}.{one.minor}.*"
        for one in between
        if one.numbers not in {each.numbers for each in versions}
    ]
    end = f"<={newest}" if newest.suffix else f"<{replace(newest, patch=newest.patch + 1)}"
    return f"openvino>={oldest},{','.join([*dict.fromkeys(holes), end])}"


def get_requires_for_dynamic_metadata(_settings: Mapping[str, Any]) -> list[str]:
    """What must be installed before the build: the project's first OpenVINO release, unless one is there."""
    if openvino_to_build_against(Path.cwd()) is not None:
        return []
    return [f"openvino=={load_project(Path.cwd()).settings.default_openvino}"]


def dynamic_metadata(_settings: Mapping[str, Any], _project: Mapping[str, Any]) -> dict[str, list[str]]:
    """The dependencies: any build of the OpenVINO release that the library loads in."""
    there = openvino_to_build_against(Path.cwd())
    version = there.version if there else load_project(Path.cwd()).settings.default_openvino
    return {"dependencies": [requirement_of([str(version)])]}


def dynamic_wheel(_settings: Mapping[str, Any]) -> dict[str, bool]:
    """A wheel built from the sdist may require another release than the sdist's metadata says."""
    return {"dependencies": True}
