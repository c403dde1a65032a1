"""Running the ops of a project with their GPU kernels, and comparing the results with the reference in numpy."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.errors import LibraryError
from ovext.gpu.emit import layer_files
from ovext.gpu.trials import kernel_request, plugin_request, trials_of
from ovext.toolchain.process import cpu_count
from ovext.worker.client import ask_once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ovext.gpu.devices import Device
    from ovext.gpu.layer import Sample
    from ovext.gpu.trials import Trial
    from ovext.project import Project
    from ovext.toolchain.openvino import OpenVINO


@dataclass(frozen=True)
class Difference:
    """How far a result was from what it is compared with; `shape` says so where the two have not the same."""

    absolute: float = 0.0
    relative: float = 0.0
    agrees: bool = False
    wrong: int = 0  # elements that are off by more than the tolerance, of so many:
    elements: int = 0
    worst: str = ""  # the one that is off most, with its place and both values
    shape: str = ""


@dataclass(frozen=True)
class Outcome:
    """One run: an op, the shapes, element types and precision, and how it went."""

    op: str
    sample: Sample
    element: str
    precision: str
    reference: Difference | None = None
    cpu: Difference | None = None
    failure: str = ""
    skipped: str = ""

    @property
    def is_fine(self) -> bool:
        if self.skipped or self.failure:
            return not self.failure
        compared = [one for one in (self.reference, self.cpu) if one]
        return bool(compared) and all(one.agrees for one in compared)


def run_layers(
    project: Project,
    libraries: Mapping[str, Path],
    openvino: OpenVINO,
    device: Device,
    on_outcome: Callable[[Outcome], None],
    *,
    seconds: float,
    op: str = "",
) -> list[Outcome]:
    """Run each trial in a process of its own, as many at once as there are CPUs; `on_outcome` gets each in order.

    Args:
        project: its ops with a table [gpu], and on PoCL those with a table [vpu], are run.
        libraries: for the type of each op the CPU extension; only a device without the plugin does without it.
        openvino: the release to run in.
        device: where to run.
        on_outcome: called with each outcome, in the order of the result.
        seconds: how long one run may take.
        op: only the op of this type; default all.

    Raises:
        ProjectError: no op has a layer.
    """
    trials = trials_of(project, device, op)
    with tempfile.TemporaryDirectory(prefix="ovext-gpu-") as folder, ThreadPoolExecutor(cpu_count()) as pool:
        layers = list({trial.op.type: trial.layer for trial in trials if trial.layer}.values())
        for name, text in layer_files("layers", layers).items():
            Path(folder, name).write_text(text, encoding="utf-8")
        config = Path(folder, "layers.xml")
        run_one = partial(_run, config=config, libraries=libraries, openvino=openvino, device=device, seconds=seconds)
        outcomes = []
        try:
            for outcome in pool.map(run_one, trials):
                on_outcome(outcome)
                outcomes.append(outcome)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)  # what has not begun is not to begin
            raise
    return outcomes


def _run(
    trial: Trial,
    *,
    config: Path,
    libraries: Mapping[str, Path],
    openvino: OpenVINO,
    device: Device,
    seconds: float,
) -> Outcome:
    library = libraries.get(trial.op.type)
    outcome = partial(Outcome, trial.name, trial.sample, trial.element, trial.precision)
    if device.has_plugin and library is not None:
        task, request = "gpu", plugin_request(trial, config)
    else:
        task, request = "opencl-run", kernel_request(trial)
    try:
        answer = ask_once(openvino, task, request, library, env=device.environment, timeout=seconds)
    except LibraryError as error:  # what a bad layer does to the process is the result of the run
        return outcome(failure=_explained(error.what))
    if "skipped" in answer:
        return outcome(skipped=answer["skipped"])
    failure = "" if answer.get("by_layer", True) else "not the layer's kernel computed the op but something else"
    cpu = Difference(**answer["cpu"]) if "cpu" in answer else None
    return outcome(reference=Difference(**answer["reference"]), cpu=cpu, failure=failure)


def _explained(text: str) -> str:
    if "clBuildProgram" in text:
        return "the kernel does not compile: `ovext gpu check` shows what compilers say of it"
    return text
