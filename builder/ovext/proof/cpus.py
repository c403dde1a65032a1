"""Where each variant of a library is run: on this machine's CPU, or on an emulated one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovext.errors import OvextError, UnknownNameError, UsageError
from ovext.inspect.instructions import can_run
from ovext.targets.cpus import CPU_MODELS, NATIVE
from ovext.targets.isa import host_cpuinfo_flags, isa_table
from ovext.toolchain.emulators import (
    INSTALL_EMULATOR,
    INSTALL_QEMU,
    check_emulating,
    emulating_command,
    emulator_settings,
    has_emulator,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ovext.proof.request import ProofRequest
    from ovext.targets.cpus import CpuModel
    from ovext.toolchain.openvino import OpenVINO

ALL = "all"
CPU_CHOICES = (NATIVE, *CPU_MODELS, ALL)
_PATIENCE = 10  # with an emulator
_INSTRUCTIONS_PER_SECOND = 40_000_000  # of a limit, on bochscpu


@dataclass(frozen=True)
class ChosenCpu:
    """A CPU on which a variant is run, and how: a command before the process, or bochscpu in it."""

    name: str = NATIVE
    how: str = ""
    run_under: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    emulator: Mapping[str, Any] | None = None
    is_given: bool = False  # whether the user gave the command, and knows which CPU that emulates

    @property
    def is_native(self) -> bool:
        return self.name == NATIVE

    @property
    def device(self) -> str:
        """The text for the report."""
        if self.is_native:
            return "CPU"
        return f"CPU under {Path(self.run_under[0]).name}" if self.is_given else f"CPU {self.name}"

    @property
    def patience(self) -> int:
        """By what the limits of time are multiplied."""
        return 1 if self.is_native else _PATIENCE


NATIVE_CPU = ChosenCpu()


class NoCpuError(Exception):
    """Nothing here can run the variant; the text says what could."""


@dataclass(frozen=True)
class CpuChooser:
    """Chooses the CPUs of a proof. `openvino` and `talk` are as for jobs_of."""

    request: ProofRequest
    openvino: OpenVINO
    talk: Callable[[str], None]
    known: dict[str, ChosenCpu] = field(default_factory=dict)  # emulated ones, by name

    def of(self, variant: str) -> Iterator[ChosenCpu | NoCpuError]:
        """Each CPU on which the request wants the variant, or why there is none."""
        wanted = self.request.cpu
        if wanted in CPU_MODELS:
            yield self._emulated(CPU_MODELS[wanted], variant)
            return
        narrowest = next((one for one in CPU_MODELS.values() if can_run(one.name, variant)), None)
        is_native = isa_table()[variant].is_supported(host_cpuinfo_flags())
        if is_native:
            yield NATIVE_CPU
        elif wanted == NATIVE or narrowest is None:
            yield NoCpuError("this CPU cannot run it")
        if narrowest and (wanted == ALL or (wanted == "" and not is_native)):
            yield self._emulated(narrowest, variant)

    def _emulated(self, model: CpuModel, variant: str) -> ChosenCpu | NoCpuError:
        if not can_run(model.name, variant):
            return NoCpuError(f"{model.name} cannot run it")
        if model.name not in self.known:
            try:
                cpu = self._found(model)
            except OvextError as error:
                if self.request.cpu:
                    raise
                return NoCpuError(f"{model.name} cannot be emulated: {error.what}")
            if cpu is None:
                tools = f"{INSTALL_QEMU}, or {INSTALL_EMULATOR}" if model.qemu else f"Intel SDE, or {INSTALL_EMULATOR}"
                return NoCpuError(f"nothing here emulates {model.name}: {tools}")
            self.talk(f"{model.name} is emulated: {cpu.how}")
            self.known[model.name] = cpu
        return self.known[model.name]

    def _found(self, model: CpuModel) -> ChosenCpu | None:
        given = self.request.cpu_command
        if command := given or emulating_command(model):
            check_emulating(command)
            return ChosenCpu(model.name, " ".join(command), run_under=command, is_given=bool(given))
        if not has_emulator():
            return None
        budget = int(self.request.seconds * _INSTRUCTIONS_PER_SECOND)
        emulator = emulator_settings(model, self.openvino, budget, self.talk)
        how = "bochscpu runs evaluate(), in one thread and without OpenVINO's CPU plugin"
        return ChosenCpu(model.name, how, environment=model.emulator_environment(), emulator=emulator)


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
    if request.cpu_command and request.cpu not in CPU_MODELS:
        problem = "--run-under emulates one CPU, which --cpu must name"
        raise UsageError(problem, fix=f"Give --cpu {', '.join(CPU_MODELS)}.")
    given = [name for name, value in (("--cpu", request.cpu), ("--require", request.require)) if value]
    if given and not request.is_on_cpu():
        raise UsageError(f"{given[0]} is for the CPU", fix=f"Leave it out, or --device {request.device}.")
    if request.require and request.check not in {"", "numbers"}:
        raise UsageError("--require needs the check numbers", fix="Leave out --check.")
