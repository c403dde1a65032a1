"""Inspect the libraries that a report shows and that nobody has inspected since they were built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovext.errors import UnreadableFileError
from ovext.files import is_file, sha256_of
from ovext.report.records import InspectedFileData

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ovext.report.overview import Overview


def inspect_missing(shown: Overview, talk: Callable[[str], None]) -> Iterator[InspectedFileData]:
    """The inspection of each library without one, if its file is still the one that was built."""
    missing = [one for one in shown.libraries if one.inspected is None and is_file(one.file)]
    if not missing:
        return
    from ovext.inspect.counterpart import counterpart_chooser  # noqa: PLC0415  they bring the disassembler
    from ovext.inspect.elf import Elf  # noqa: PLC0415
    from ovext.inspect.library import InspectionRequest, inspect_library  # noqa: PLC0415
    from ovext.inspect.system import system_of  # noqa: PLC0415
    from ovext.targets.base_os import base_oses  # noqa: PLC0415

    request = InspectionRequest([system_of(base) for base in base_oses()], counterpart_chooser(None, lambda _: None))
    for library in missing:
        try:
            if library.file.stat().st_size != library.built.size:
                continue
            if sha256_of(library.file) != library.built.sha256:
                continue
            talk(f"Inspecting {library.file}")
            yield InspectedFileData.model_validate(inspect_library(Elf(library.file), request).to_json())
        except (UnreadableFileError, OSError) as error:
            talk(f"{library.file} cannot be inspected: {error}")
