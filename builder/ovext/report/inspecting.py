"""Inspect the libraries that a report shows and that nobody has inspected since they were built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovext.errors import ProjectError, UnreadableFileError
from ovext.files import is_file, sha256_of
from ovext.report.records import InspectedFileData

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ovext.report.overview import Overview
    from ovext.targets.base_os import BaseOS


def inspect_missing(shown: Overview, talk: Callable[[str], None]) -> Iterator[InspectedFileData]:
    """The inspection of each library without one, if its file is still the one that was built."""
    missing = [one for one in shown.libraries if one.inspected is None and is_file(one.file)]
    if not missing:
        return
    from ovext.inspect.counterpart import counterpart_chooser  # noqa: PLC0415  they bring the disassembler
    from ovext.inspect.elf import Elf  # noqa: PLC0415
    from ovext.inspect.library import InspectionRequest, inspect_library  # noqa: PLC0415
    from ovext.inspect.system import system_of  # noqa: PLC0415
    from ovext.project.settings import Acceptance  # noqa: PLC0415
    from ovext.targets.base_os import base_oses  # noqa: PLC0415

    systems = [system_of(base) for base in (*base_oses(), *_own_rows(shown.root))]
    choose = counterpart_chooser(None, lambda _: None)
    for library in missing:
        built = library.built
        request = InspectionRequest(systems, choose, provides=built.provides, may_fuse=built.fp_contract == "fast")
        try:
            if library.file.stat().st_size != built.size or sha256_of(library.file) != built.sha256:
                continue
            talk(f"Inspecting {library.file}")
            accepted = [
                Acceptance(finding=one.finding, reason=one.reason or "-", **{"in": one.in_}) for one in built.accept
            ]
            report = inspect_library(Elf(library.file), request).accepting(accepted)
            yield InspectedFileData.model_validate(report.to_json())
        except (UnreadableFileError, OSError) as error:
            talk(f"{library.file} cannot be inspected: {error}")


def _own_rows(root: Path) -> list[BaseOS]:
    """The rows of base OSes of the project that the report is about, if it is about one that can be read."""
    from ovext.project.read import base_oses_of  # noqa: PLC0415

    try:
        return base_oses_of(root)
    except ProjectError:
        return []
