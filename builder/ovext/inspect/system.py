"""Where a library is judged: on a base OS, or on this machine; and which libraries it finds there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovext.inspect.instructions import BASELINE_CPU, features_of_cpu, features_of_linux
from ovext.targets.isa import host_cpuinfo_flags
from ovext.toolchain.loader import library_here

if TYPE_CHECKING:
    from ovext.targets.base_os import BaseOS


@dataclass(frozen=True)
class System:
    """A base OS with the least CPU that it runs on, or this machine with its own."""

    base: BaseOS
    features: frozenset[str]  # of the CPU beyond x86-64, as iced-x86 names them
    is_here: bool = False

    @property
    def id(self) -> str:
        return self.base.id

    @property
    def glibc(self) -> tuple[int, ...]:
        return tuple(map(int, self.base.glibc.split(".")))

    def has(self, library: str) -> bool:
        """Whether its own folders have a library of that name."""
        return library_here(library) is not None if self.is_here else library in self.base.libraries


def system_of(base: BaseOS, cpu: str = BASELINE_CPU) -> System:
    """A base OS on the CPU of that name or a newer one."""
    return System(base, features_of_cpu(cpu))


def this_machine() -> System:
    from ovext.toolchain.survey import this_system  # noqa: PLC0415  it brings much that a base OS does not need

    return System(this_system(), features_of_linux(host_cpuinfo_flags()), is_here=True)
