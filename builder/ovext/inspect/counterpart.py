"""Which OpenVINO a library is compared with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ovext.errors import OvextError
from ovext.inspect.openvino_symbols import Counterpart, built_for, read_counterpart
from ovext.toolchain.fetch import fetched_openvino, find_installed
from ovext.toolchain.openvino import cmake_below, read_openvino

if TYPE_CHECKING:
    from collections.abc import Callable

    from ovext.inspect.elf import Elf
    from ovext.targets.openvino_version import OpenVINOVersion
    from ovext.toolchain.openvino import OpenVINO


def counterpart_chooser(asked: str | None, talk: Callable[[str], None]) -> Callable[[Elf], Counterpart | None]:
    """A function that returns what a library is compared with: the requested OpenVINO, a release or a folder.

    By default that is the release that the library requires, if it is here; for a library that requires none, the
    installed OpenVINO. A requested release is fetched if needed, before this returns; otherwise nothing is fetched.

    Raises:
        OpenVINOError, UsageError: what was requested does not exist.
    """
    requested = None if asked is None else _asked(asked, talk)

    def choose(elf: Elf) -> Counterpart | None:
        openvino = requested or find_installed(built_for(elf))
        return read_counterpart(openvino, elf.strings_of("NEEDED")) if openvino else None

    return choose


def environment_version() -> OpenVINOVersion | None:
    """The release of this environment's OpenVINO; None if there is none, or if it is broken."""
    try:
        openvino = find_installed(None)
    except OvextError:
        return None
    return openvino.version if openvino else None


def _asked(asked: str, talk: Callable[[str], None]) -> OpenVINO:
    if Path(asked).is_dir():
        return read_openvino(cmake_below(Path(asked), "--openvino"))
    return fetched_openvino(asked, talk)
