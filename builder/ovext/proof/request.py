"""What a proof is asked for: which ops, on which devices, and how much."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ovext.errors import ProjectError, UnknownNameError, UsageError
from ovext.gpu.devices import NAMES, is_gpu_device
from ovext.proof.cpus import check_cpu
from ovext.proof.report import ROWS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ovext.project import OpDescription, Project


@dataclass(frozen=True)
class ProofRequest:
    """Which part of a project to try, and how much; an empty string means everything.

    By default the devices are the CPU (not with `only_gpu`) and, for ops with a GPU kernel, the first device that
    is here.
    """

    op: str = ""
    isa: str = ""
    types: str = ""
    case: str = ""
    check: str = ""
    device: str | None = None
    only_gpu: bool = False
    examples: int | None = None  # planned and drawn cases; None for all that are planned, and some drawn
    seed: int = 0
    seconds: float = 30.0  # how long one answer of the library may take
    environment: Mapping[str, str] = field(default_factory=dict)  # of the processes that load the library
    run_under: tuple[str, ...] = ()  # a command before them
    cpu: str = ""  # one of CPU_CHOICES; by default this machine's, and an emulated one for variants that need it
    cpu_command: tuple[str, ...] = ()  # what emulates a CPU, instead of what is found
    require: str = ""  # `all` if each variant must run somewhere

    def is_on_cpu(self) -> bool:
        return self.device in {None, "CPU"} and not self.only_gpu

    def is_on_gpu(self, op: OpDescription) -> bool:
        """Whether the op's GPU kernels are tried. By default a variant, types, a case or a CPU are not for it."""
        if self.check not in {"", "numbers"}:
            return False
        by_default = self.device is None and not (self.isa or self.types or self.case or self.cpu)
        return (by_default or is_gpu_device(self.device)) and bool(op.gpu or op.vpu)


def chosen_ops(project: Project, request: ProofRequest) -> list[OpDescription]:
    """The requested ops. Raises the same errors as jobs_of."""
    devices = NAMES if request.only_gpu else ("CPU", *NAMES)
    if request.device not in {None, *devices[:1]} and not is_gpu_device(request.device):
        raise UnknownNameError("device", str(request.device), devices)
    if is_gpu_device(request.device) and request.isa:
        raise UsageError("--isa is for the CPU", fix=f"Leave it out, or --device {request.device}.")
    if request.check not in {"", *ROWS}:
        raise UnknownNameError("check", request.check, ROWS)
    check_cpu(request)
    ops = {op.type: op for op in project.ops}
    if not ops:
        raise ProjectError(
            "the project has no ops to test", where=project.root / "ops", fix="Add one with `ovext new`."
        )
    if request.op and request.op not in ops:
        raise UnknownNameError("op", request.op, ops)
    chosen = [ops[request.op]] if request.op else list(ops.values())
    chosen = [op for op in chosen if request.is_on_cpu() or request.is_on_gpu(op)]
    if not chosen:
        problem = "there is nothing to test on that device: no op has a GPU kernel"
        raise ProjectError(problem, where=project.root)
    for op in chosen:
        reference = op.folder / "reference.py"
        if not reference.is_file():
            fix = f"Write one with a function {op.folder.name}() that computes {op.type} in numpy."
            raise ProjectError(f"{op.type} has no reference", where=reference, fix=fix)
    return chosen
