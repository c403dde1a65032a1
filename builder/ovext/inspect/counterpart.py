"""Which OpenVINO a library is compared with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ovext.inspect.openvino_symbols import Counterpart, built_for, read_counterpart
from ovext.toolchain.fetch import fetched_openvino, find_installed
from ovext.toolchain.openvino import cmake_below, read_openvino

if TYPE_CHECKING:
    from collections.abc import Callable

    from ovext.inspect.elf import Elf
    from ovext.toolchain.openvino import OpenVINO


def find_counterpart(elf: Elf, asked: str | None, talk: Callable[[str], None]) -> Counterpart | None:
    """The requested OpenVINO (a release or folder); by default the release that the library requires, if it is here.

    A requested release is fetched if needed; otherwise nothing is fetched. A library that requires no release is
    compared with the installed OpenVINO.

    Raises:
        OpenVINOError, UsageError: what was requested does not exist.
    """
    if asked is not None:
        return read_counterpart(_asked(asked, talk), elf.strings_of("NEEDED"))
    openvino = find_installed(built_for(elf))
    return read_counterpart(openvino, elf.strings_of("NEEDED")) if openvino else None


def _asked(asked: str, talk: Callable[[str], None]) -> OpenVINO:
    if Path(asked).is_dir():
        return read_openvino(cmake_below(Path(asked), "--openvino"))
    return fetched_openvino(asked, talk)
