"""Compile the kernels of layers as the plugin would, and report the compilers' messages at the user's own lines."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovext.errors import LibraryError
from ovext.findings import Level
from ovext.gpu.devices import NO_CACHE, POCL
from ovext.gpu.elements import OPENCL_TYPES, in_kernel
from ovext.gpu.expressions import ExpressionError
from ovext.gpu.layer import MAX_RANK
from ovext.gpu.ocloc import Binary, compile_program
from ovext.gpu.place import Place, PlacedFinding
from ovext.gpu.prelude import program_text
from ovext.gpu.simulator import simulator_if_possible
from ovext.toolchain.process import cpu_count
from ovext.worker.client import ask_once

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ovext.gpu.check import Checked
    from ovext.gpu.layer import Layer, Sample
    from ovext.toolchain.openvino import OpenVINO

# A message as Clang writes it, or as PoCL does, which puts the kind first.
_MESSAGE = re.compile(
    r"^(?:(?P<first>error|warning): )?(?P<file>.+?):(?P<line>\d+):\d+: "
    r"(?:(?P<kind>(?:fatal )?error|warning): )?(?P<text>.+)$"
)
_LONGEST_LOG = 300


@dataclass(frozen=True)
class Program:
    """The program of one layer for one sample and one element type."""

    layer: Layer
    sample: Sample
    types: tuple[str, ...]
    text: str
    is_known: bool  # False: the types are assumed, and it is enough if the kernel compiles for one


@dataclass(frozen=True)
class Built:
    """One compiler's result for the programs of one layer: the worst of each number over all samples."""

    layer: str
    element: str
    device: str
    ok: bool
    binary: Binary | None


@dataclass(frozen=True)
class CompileReport:
    """Every compiler's result, and its messages."""

    built: tuple[Built, ...] = ()
    messages: tuple[Message, ...] = ()

    def __add__(self, other: CompileReport) -> CompileReport:
        return CompileReport(self.built + other.built, self.messages + other.messages)

    def findings(self) -> list[PlacedFinding]:
        """One finding for each message, with every device whose compiler reported it."""
        devices: dict[tuple[Place, Level, str], dict[str, None]] = {}
        for one in self.messages:
            devices.setdefault((one.where, one.level, one.text), {})[one.device] = None
        return [
            PlacedFinding("compile", level, f"{text} ({', '.join(names)})", where=where)
            for (where, level, text), names in sorted(devices.items(), key=lambda item: item[0][0])
        ]


@dataclass(frozen=True)
class Message:
    """A message from the compiler for a device about one of the user's lines."""

    where: Place
    level: Level
    text: str
    device: str


@dataclass(frozen=True)
class _Result:
    """One compiler's result for one program."""

    program: Program
    device: str
    ok: bool
    log: str
    binary: Binary | None


def programs_of(checked: Checked, headers: str | None) -> list[Program]:
    """A program for each sample and element type that the plugin could compile for the layer."""
    sources = checked.layer.sources
    # A compiler of this machine would include files that the plugin does not, and print their lines.
    if checked.is_replaced or not sources or any(source.text is None or source.outline.includes for source in sources):
        return []
    programs = []
    for sample in checked.use.samples:
        if any(len(shape) > MAX_RANK for shape in (*sample.inputs, *sample.outputs)):
            continue
        for types in _types(checked):
            try:
                text = program_text(checked.layer, sample, types, *([headers] if headers else []))
            except ExpressionError:
                continue  # the rules on work sizes report it
            programs.append(Program(checked.layer, sample, types, text, checked.use.is_known))
    return programs


def _types(checked: Checked) -> list[tuple[str, ...]]:
    """The element types in which inputs and outputs may reach the kernel, in models of any type that the op accepts."""
    if checked.op is None:
        count = checked.use.inputs + checked.use.outputs
        return [(element,) * count for element in OPENCL_TYPES]
    found: dict[tuple[str, ...], None] = {}
    for element in checked.op.element_types:
        for precision in checked.use.precisions:
            types = tuple(in_kernel(one, precision) for one in checked.op.types_for(element))
            if None not in types:
                found[tuple(str(one) for one in types)] = None
    return list(found)


def compile_for_gpus(ocloc: Path, programs: Sequence[Program], devices: Sequence[str]) -> CompileReport:
    """Compile each program for each GPU, as many at once as there are CPUs."""

    def compiled(job: tuple[Program, str]) -> _Result:
        program, device = job
        result = compile_program(ocloc, program.text, program.layer.options, device)
        return _Result(program, device, result.ok, result.log, result.binary)

    with ThreadPoolExecutor(cpu_count()) as pool:
        return _report(list(pool.map(compiled, [(program, device) for program in programs for device in devices])))


def compile_with_runtimes(openvino: OpenVINO, programs: Sequence[Program]) -> CompileReport:
    """Compile each program with the first device of every OpenCL runtime here.

    The programs must not have the plugin's headers, which are for Intel's GPUs and do not compile elsewhere.
    """
    requests = [
        {"id": number, "text": program.text, "options": program.layer.options, "types": program.types}
        for number, program in enumerate(programs)
    ]
    try:
        runtimes = list(_runtimes(openvino, {"programs": requests}))
    except LibraryError as error:  # a kernel that crashes a compiler is a result too
        return CompileReport(messages=(Message(programs[0].layer.place, Level.ERROR, error.what, "OpenCL"),))
    results = [
        _Result(programs[log["id"]], runtime["name"].replace(POCL, "PoCL"), log["ok"], log["log"], None)
        for runtime in runtimes
        for log in runtime["logs"]
    ]
    report = _report(results)
    # Warnings from a compiler for other devices say nothing about GPUs.
    return CompileReport(report.built, tuple(one for one in report.messages if one.level is Level.ERROR))


def _report(results: Sequence[_Result]) -> CompileReport:
    """The report on the layers; a failure with assumed types counts only if no type compiles."""
    fine = {(one.program.layer.op, one.device) for one in results if one.ok}
    grouped: dict[tuple[str, str, str], list[_Result]] = {}
    messages: list[Message] = []
    for one in results:
        op = one.program.layer.op
        if not one.ok and not one.program.is_known and (op, one.device) in fine:
            continue
        grouped.setdefault((op, one.program.types[0], one.device), []).append(one)
        messages += _messages(one)
    return CompileReport(tuple(_built(*key, group) for key, group in grouped.items()), tuple(messages))


def _runtimes(openvino: OpenVINO, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The answers of the system's OpenCL runtimes, and of Intel's for CPUs if it came with the extra gpu-sim."""
    environments: list[Mapping[str, str]] = [{}]
    if simulator := simulator_if_possible():
        environments.append(simulator.environment())
    for environment in environments:
        yield from ask_once(openvino, "opencl-build", request, env={**NO_CACHE, **environment})["runtimes"]


def _built(layer: str, element: str, device: str, results: Sequence[_Result]) -> Built:
    binaries = [one.binary for one in results if one.binary]
    worst = None
    if binaries:
        worst = Binary(
            max(one.bytes for one in binaries),
            min(one.simd for one in binaries),
            max(one.registers for one in binaries),
            max(one.spilled for one in binaries),
        )
    return Built(layer, element, device, all(one.ok for one in results), worst)


def _messages(result: _Result) -> list[Message]:
    """The compiler's messages about the user's own sources; for a failure without an error in them, the log's start."""
    layer = result.program.layer
    files = {str(source.file) for source in layer.sources}
    found = []
    for line in result.log.splitlines():
        match = _MESSAGE.match(line)
        if match is None or match["file"] not in files:
            continue
        kind = match["first"] or match["kind"] or "note"
        if kind != "note":
            level = Level.WARNING if kind == "warning" else Level.ERROR
            found.append(Message(Place(Path(match["file"]), int(match["line"])), level, match["text"], result.device))
    if not result.ok and not any(message.level is Level.ERROR for message in found):
        said = " ".join(result.log.split())
        said = said if len(said) <= _LONGEST_LOG else said[:_LONGEST_LOG] + " ..."
        found.append(Message(layer.place, Level.ERROR, said, result.device))
    return found
