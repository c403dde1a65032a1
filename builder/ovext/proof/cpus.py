"""Where each variant of a library is run: on this machine's CPU, or on an emulated one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ovext.errors import UnknownNameError, UsageError
from ovext.inspect.instructions import features_of_cpu, features_of_variant
from ovext.targets.cpus import CPU_MODELS, NATIVE
from ovext.targets.isa import host_cpuinfo_flags, isa_table
from ovext.toolchain.emulators import (
    INSTALL_EMULATOR,
    INSTALL_QEMU,
    emulating_command,
    emulator_library,
    has_emulator,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ovext.proof.request import ProofRequest
    from ovext.targets.cpus import CpuModel
    from ovext.toolchain.openvino import OpenVINO

ALL = "all"
CPU_CHOICES = (NATIVE, *CPU_MODELS, ALL)
_SLOWER = 10  # times the limit of a case, under an emulator
_INSTRUCTIONS_PER_SECOND = 40_000_000  # of a limit, on bochscpu


@dataclass(frozen=True)
class Place:
    """A CPU on which a variant is run, and how: a command before the process, or bochscpu in it."""

    cpu: str = NATIVE
    how: str = ""
    run_under: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    emulator: Mapping[str, Any] | None = None

    @property
    def is_native(self) -> bool:
        return self.cpu == NATIVE

    @property
    def device(self) -> str:
        return "CPU" if self.is_native else f"CPU {self.cpu}"

    @property
    def slower(self) -> int:
        return 1 if self.is_native else _SLOWER


NATIVE_PLACE = Place()


class NoPlaceError(Exception):
    """Nothing here can run the variant; the text says what could."""


@dataclass(frozen=True)
class Places:
    """Chooses the places of a proof. `openvino` and `talk` are as for jobs_of."""

    request: ProofRequest
    openvino: OpenVINO
    talk: Callable[[str], None]
    known: dict[str, Place] = field(default_factory=dict)  # by the CPU

    def of(self, variant: str) -> Iterator[Place | NoPlaceError]:
        """Each place in which the request wants the variant, or why there is none."""
        wanted = self.request.cpu
        if wanted in CPU_MODELS:
            yield self._emulated(CPU_MODELS[wanted], variant)
            return
        narrowest = next((one for one in CPU_MODELS.values() if _can_run(one, variant)), None)
        is_native = isa_table()[variant].is_supported(host_cpuinfo_flags())
        if is_native:
            yield NATIVE_PLACE
        elif wanted == NATIVE or narrowest is None:
            yield NoPlaceError("this CPU cannot run it")
        if narrowest and (wanted == ALL or (wanted == "" and not is_native)):
            yield self._emulated(narrowest, variant)

    def _emulated(self, model: CpuModel, variant: str) -> Place | NoPlaceError:
        if not _can_run(model, variant):
            return NoPlaceError(f"{model.name} cannot run it")
        if model.name not in self.known:
            place = self._found(model)
            if place is None:
                tools = f"{INSTALL_QEMU}, or {INSTALL_EMULATOR}" if model.qemu else f"Intel SDE, or {INSTALL_EMULATOR}"
                return NoPlaceError(f"nothing here emulates {model.name}: {tools}")
            self.talk(f"{model.name} is emulated: {place.how}")
            self.known[model.name] = place
        return self.known[model.name]

    def _found(self, model: CpuModel) -> Place | None:
        if command := self.request.cpu_command or emulating_command(model):
            return Place(model.name, " ".join(command), run_under=command)
        if not has_emulator():
            return None
        emulator = {
            "helper": str(emulator_library(self.openvino, self.talk)),
            "cpu": model.name,
            "model": model.bochs,
            "xcr0": model.xcr0,
            "budget": int(self.request.seconds * _INSTRUCTIONS_PER_SECOND),
        }
        how = "bochscpu runs evaluate() alone, on one thread"
        return Place(model.name, how, environment=model.emulator_environment(), emulator=emulator)


def check_cpu(request: ProofRequest) -> None:
    """Check what the request says of CPUs.

    Raises:
        UnknownNameError: it names a CPU that cannot be emulated.
        UsageError: what it says does not fit together.
    """
    if request.cpu and request.cpu not in CPU_CHOICES:
        raise UnknownNameError("CPU", request.cpu, CPU_CHOICES)
    if request.require not in {"", ALL}:
        raise UnknownNameError("choice of variants to require", request.require, [ALL])
    if request.cpu == NATIVE and request.cpu_command:
        raise UsageError("--run-under is for an emulated CPU", fix=f"Leave it out, or --cpu {NATIVE}.")


def _can_run(model: CpuModel, variant: str) -> bool:
    return features_of_variant(variant) <= features_of_cpu(model.name)
