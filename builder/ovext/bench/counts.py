"""How many instructions the variants of an op execute for each element, on an emulated CPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovext.bench.benchmark import measured_op
from ovext.bench.cases import case_text
from ovext.errors import LibraryError, ToolError
from ovext.inspect.instructions import can_run
from ovext.inspect.variants import compiled_variants
from ovext.models.ir import one_op_model
from ovext.targets.cpus import CPU_MODELS
from ovext.toolchain.emulators import INSTALL_EMULATOR, emulator_settings, has_emulator
from ovext.worker.client import ask_once

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ovext.bench.cases import Bench
    from ovext.project import Project
    from ovext.toolchain.openvino import OpenVINO

_CPU = [*CPU_MODELS.values()][-1]  # the one that runs the most variants
_BUDGET = 10**12  # instructions: a benchmark is not expected to hang
_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Count:
    """The instructions of one call. They are the same in each run and on each machine, for the same library."""

    op: str
    case: str
    variant: str
    instructions: int
    elements: int  # of the largest input or output

    @property
    def for_each_element(self) -> float:
        return self.instructions / max(self.elements, 1)


def count_instructions(
    project: Project, bench: Bench, library: Path, openvino: OpenVINO, talk: Callable[[str], None]
) -> list[Count]:
    """The count of each variant in each case of a benchmark.

    Raises:
        ProjectError: the benchmark names an op or an attribute that the project lacks.
        LibraryError: the library was not built with ovext, or has no variant that the emulated CPU can run.
        ToolError: bochscpu is not installed.
    """
    op = measured_op(project, bench)
    if not has_emulator():
        raise ToolError("instructions are counted on an emulated CPU", fix=f"Install it: {INSTALL_EMULATOR}.")
    variants = [one for one in compiled_variants(library) or () if can_run(_CPU.name, one)]
    if not variants:
        raise LibraryError(f"it has no variant that {_CPU.name} can run", where=library, fix="Use `ovext build`.")
    attributes = op.ir_attributes(op.all_values(bench.attributes))
    models = [
        one_op_model(op.type, op.opset, [one.tensor_type() for one in inputs], attributes, outputs=len(op.outputs))
        for inputs in bench.cases
    ]
    emulator = emulator_settings(_CPU, openvino, _BUDGET, talk)
    counts = []
    for variant in variants:
        env = {**_CPU.emulator_environment(), "OVEXT_ISA": variant}
        request = {"models": models, "type": op.type}
        try:
            answer = ask_once(openvino, "count", request, library, env=env, emulator=emulator, timeout=_SECONDS)
        except LibraryError as error:
            raise LibraryError(f"{op.type} of {variant} cannot be counted: {error.what}", where=library) from None
        for inputs, one in zip(bench.cases, answer["counts"], strict=True):
            counts.append(Count(op.type, case_text(inputs), variant, one["instructions"], one["elements"]))
    return counts
