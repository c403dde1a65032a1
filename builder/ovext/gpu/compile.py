"""Compile the kernels of layers as the plugin would, and report the compilers' messages at the user's own lines."""

from __future__ import annotations

import math
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
from ovext.gpu.layer import MAX_RANK, is_float
from ovext.gpu.ocloc import Binary, compile_program
from ovext.gpu.options import check_options
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
_LONGEST_LINE = 200


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
        """One finding for each line with errors and for each warning, with every device whose compiler reported it."""
        groups: dict[tuple[Place, Level, str], list[Message]] = {}
        for one in self.messages:
            groups.setdefault((one.where, one.level, one.kind), []).append(one)
        return [_finding(messages) for _, messages in sorted(groups.items(), key=lambda item: item[0][0])]


@dataclass(frozen=True)
class Message:
    """A message from the compiler for a device about one of the user's lines, or about the options."""

    where: Place
    level: Level
    text: str
    device: str
    log: str  # all that the compiler said

    @property
    def kind(self) -> str:
        """What is one problem for several compilers: an error in a line, which each words in its own way."""
        return self.text if self.level is Level.WARNING else ""


def _finding(messages: Sequence[Message]) -> PlacedFinding:
    first = messages[0]
    devices = ", ".join(dict.fromkeys(one.device for one in messages))
    logs = dict.fromkeys(f"{one.device}:\n{one.log.strip()}" for one in messages)
    return PlacedFinding("compile", first.level, f"{first.text} ({devices})", where=first.where, detail="\n".join(logs))


@dataclass(frozen=True)
class _Result:
    """One compiler's result for one program."""

    program: Program
    device: str
    ok: bool
    log: str
    binary: Binary | None
    is_of_options: bool = False  # whether the program compiles without the options


def programs_of(checked: Checked, headers: str | None) -> list[Program]:
    """A program for each set of element types and macros with which the plugin could compile the layer."""
    sources = checked.layer.sources
    # A compiler of this machine would include files that the plugin does not, and print their lines.
    if checked.is_replaced or any(check_options(checked.layer)):
        return []
    if not sources or any(source.text is None or source.outline.includes for source in sources):
        return []
    programs: dict[tuple[Any, ...], Program] = {}
    for sample in sorted(checked.use.samples, key=lambda one: -sum(map(math.prod, one.outputs))):
        if any(len(shape) > MAX_RANK for shape in (*sample.inputs, *sample.outputs)):
            continue
        defines = tuple(one.text(sample.attributes) for one in checked.layer.defines if not is_float(one, sample))
        for types in _types(checked):
            if (types, defines) in programs:
                continue  # other sizes make no difference to a compiler
            try:
                text = program_text(checked.layer, sample, types, *([headers] if headers else []))
            except ExpressionError:
                continue  # the rules on work sizes report it
            programs[types, defines] = Program(checked.layer, sample, types, text, checked.use.is_known)
    return list(programs.values())


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
        options = program.layer.options
        result = compile_program(ocloc, program.text, options, device)
        is_of_options = bool(options) and not result.ok and compile_program(ocloc, program.text, "", device).ok
        return _Result(program, device, result.ok, result.log, result.binary, is_of_options)

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
        return CompileReport(
            messages=(Message(programs[0].layer.place, Level.ERROR, error.what, "OpenCL", error.what),)
        )
    results = [
        _Result(
            programs[log["id"]],
            runtime["name"].replace(POCL, "PoCL"),
            log["ok"],
            log["log"],
            None,
            is_of_options=log["is_of_options"],
        )
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
            found.append(
                Message(Place(Path(match["file"]), int(match["line"])), level, match["text"], result.device, result.log)
            )
    if not result.ok and not any(message.level is Level.ERROR for message in found):
        said = _first_line(result.log)
        if result.is_of_options:
            said = f"the compiler does not accept the options '{layer.options}': {said}"
        where = layer.options_place if result.is_of_options else layer.place
        found.append(Message(where, Level.ERROR, said, result.device, result.log))
    return found


def _first_line(log: str) -> str:
    """The first line with an error as Clang writes it, else the first one."""
    lines = [line.strip() for line in log.splitlines() if line.strip()] or ["it says nothing"]
    line = next((line for line in lines if "error: " in line), lines[0])
    return line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + " ..."
