"""Inspect a library: every finding about it, and a verdict for each target. Nothing is loaded and nothing is run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ovext.errors import UnreadableFileError
from ovext.findings import Level
from ovext.inspect import versions
from ovext.inspect.code_findings import code_findings, fused_findings, instruction_sets, variant_code
from ovext.inspect.demangle import demangle
from ovext.inspect.file_findings import file_findings
from ovext.inspect.functions import functions_of
from ovext.inspect.instructions import BASELINE_CPU
from ovext.inspect.needed import Surroundings, is_python_module, library_findings
from ovext.inspect.openvino_symbols import ENTRY_POINT, built_for, openvino_findings
from ovext.inspect.payloads import is_beside_a_library, library_of, payloads_of
from ovext.inspect.reach import code_size, is_followed
from ovext.inspect.report import FileReport, LibraryFinding
from ovext.inspect.strings import printable
from ovext.inspect.symbols import symbol_findings
from ovext.inspect.variants import variants_in
from ovext.targets.openvino_version import OpenVINOVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from ovext.inspect.elf import Elf
    from ovext.inspect.functions import Function
    from ovext.inspect.openvino_symbols import Counterpart
    from ovext.inspect.payloads import Payload
    from ovext.inspect.report import Needed
    from ovext.inspect.system import System

    ChooseCounterpart = Callable[[Elf], Counterpart | None]


_MOST_LISTED = 500  # symbols of a version


@dataclass(frozen=True)
class InspectionRequest:
    """What a library is inspected for.

    Args:
        systems: where it must load.
        choose_counterpart: returns the OpenVINO to compare it with; None if there is none here.
        cpu: the name of the least CPU of these systems.
        environment: the OpenVINO of this environment, if the library must load in it, too.
        provides: the libraries that the user says are there.
        may_fuse: whether its variants may fuse multiplications with additions.
        objects: the object files that it was linked from, if they are known; the findings name them.
        root: the folder that no search for its libraries leaves.
        payloads_passed: whether the builds inside for releases of OpenVINO have been judged before.
        outer: the library that loads it from memory, where its run path cannot begin with its own folder.
    """

    systems: Sequence[System]
    choose_counterpart: ChooseCounterpart
    cpu: str = BASELINE_CPU
    environment: OpenVINOVersion | None = None
    provides: Sequence[str] = ()
    may_fuse: bool = True
    objects: Sequence[Path] = ()
    root: Path | None = None
    payloads_passed: bool = False
    outer: Elf | None = None


def inspect_library(elf: Elf, request: InspectionRequest) -> FileReport:
    """Every finding about one library, and a verdict for each target.

    Raises:
        UnreadableFileError: the file is damaged or is no shared library.
    """
    if not elf.is_library:
        raise UnreadableFileError("this is an object file, not a shared library", where=elf.path)
    if (release := built_for(elf)) and is_beside_a_library(elf, str(release)):
        request = replace(request, environment=None)
    counterpart = request.choose_counterpart(elf)
    in_memory = (elf, request.outer) if request.outer else None
    around = Surroundings(request.systems, counterpart, request.provides, request.root, in_memory)
    needed = around.needed_by(elf)
    functions = functions_of(elf)
    payloads = payloads_of(elf)
    inner = [library_of(elf, one) for one in payloads]
    inside = [_payload_report(*one, elf, request) for one in zip(inner, payloads, strict=True)]
    variants = inside[0].variants if inside else variant_code(functions, variants_in(elf) or ())
    findings = [
        *openvino_findings(elf, functions, counterpart),
        *versions.openvino_too_new(counterpart, request.systems),
        *_other_environment(elf, payloads, request.environment),
        *([] if request.environment else _without_payload(payloads, counterpart)),
        *library_findings(elf, around, needed),
        *_own_findings(elf, functions, variants, around, needed, objects=request.objects),
        *([] if request.may_fuse else fused_findings(elf, functions)),
        *_not_compared(elf, counterpart),
        *_of_helpers(around, needed if request.root is None else None),
        *([] if request.payloads_passed else _of_payloads(payloads, inside)),
    ]
    if any(symbol.name == ENTRY_POINT for helper in around.beside.values() for symbol in helper.exported):
        findings = [one for one in findings if one.code != "no-entry-point"]  # the loader finds that one
    needs = [need for one in (elf, *inner) for need in versions.needs_of(one)]
    needs.sort(key=lambda need: need.version, reverse=True)
    beside = list(around.beside.values())
    environment = _environment(request.environment)
    return FileReport(
        file=str(elf.path),
        kind="extension",
        soname=next((printable(name) for name in elf.strings_of("SONAME")), None),
        needed=tuple(needed),
        highest_versions=versions.highest(needs),
        versions={str(need): _listed(need.symbols) for need in needs},
        manylinux=versions.manylinux_tag([*needs, *(need for one in beside for need in versions.needs_of(one))]),
        openvino=_compared(counterpart, inside),
        cpu=request.cpu,
        instruction_sets=_sum([instruction_sets(functions), *(one.instruction_sets for one in inside)]),
        variants=variants,
        releases={one.release: one.text() for one in payloads},
        limits=tuple(_limits(elf)),
        findings=tuple(sorted(findings, key=lambda finding: list(Level).index(finding.level))),
        targets=(*(system.id for system in request.systems), *([environment] if environment else [])),
        sha256=elf.sha256(),
        size=elf.size,
        sections=_sections(elf),
        exports=_listed(tuple(sorted(printable(symbol.name) for symbol in elf.exported))),
        is_python_module=is_python_module(elf),
    )


def _sections(elf: Elf) -> dict[str, int]:
    """The sizes of the sections that lie in the file; those of one name together."""
    sizes: Counter[str] = Counter()
    for section in elf.sections:
        if section.type != "nobits" and section.size:
            sizes[printable(section.name)] += section.size
    return dict(sizes)


def _own_findings(
    elf: Elf,
    functions: Sequence[Function],
    variants: Iterable[str],
    around: Surroundings,
    needed: Sequence[Needed] | None,
    *,
    objects: Sequence[Path] = (),
) -> Iterator[LibraryFinding]:
    """Findings about what any library must have to load: an extension, or one that it needs."""
    if needed is not None:
        yield from symbol_findings(elf, around, needed)
    yield from versions.version_findings(elf, around.systems, objects)
    yield from file_findings(elf, around.systems)
    yield from code_findings(elf, functions, variants, around.systems)


def _of_helpers(around: Surroundings, needed: Sequence[Needed] | None) -> Iterator[LibraryFinding]:
    """Why the libraries beside it do not load, which keeps it from loading.

    `needed` is what all of them need; without it, in a folder, symbols are compared in their own reports only.
    """
    for helper in around.beside.values():
        name = printable(helper.path.name)
        for one in _own_findings(helper, functions_of(helper), variants_in(helper) or (), around, needed):
            if one.level is Level.ERROR:
                fix = f"Get a build of {name} for older systems." if one.code == "too-new" else one.fix
                yield replace(one, text=f"{name}, which it needs: {one.text}", where=one.where or name, fix=fix)


def _limits(elf: Elf) -> Iterator[str]:
    """What was not done for the file's size."""
    if not is_followed(elf):
        yield f"its {code_size(elf):,} bytes of code outside variants were read function by function, and not followed"


def _listed(symbols: Sequence[str]) -> tuple[str, ...]:
    more = len(symbols) - _MOST_LISTED
    return (*map(demangle, symbols[:_MOST_LISTED]), *([f"and {more} more"] if more > 0 else []))


def _environment(version: OpenVINOVersion | None) -> str:
    return f"OpenVINO {version}" if version else ""


def _payload_report(inner: Elf, payload: Payload, outer: Elf, request: InspectionRequest) -> FileReport:
    """The report on a build for one release inside a library, compared with that release if it is here."""

    def choose(elf: Elf) -> Counterpart | None:
        counterpart = request.choose_counterpart(elf)
        return counterpart if counterpart and counterpart.soname == payload.soname else None

    loader = None if payload.file else outer
    inner_request = replace(request, choose_counterpart=choose, environment=None, objects=(), outer=loader)
    return inspect_library(inner, inner_request)


def _compared(counterpart: Counterpart | None, inside: Sequence[FileReport]) -> str:
    if inside:
        return ", ".join(one.openvino for one in inside)
    return f"{counterpart.version}" if counterpart else "not compared"


def _sum(counts: Sequence[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)  # keeps zeros
    return dict(total)


def _without_payload(payloads: Sequence[Payload], counterpart: Counterpart | None) -> Iterator[LibraryFinding]:
    """Whether the library has a build for the OpenVINO that it is compared with."""
    if counterpart and payloads and counterpart.soname not in {one.soname for one in payloads}:
        made_for = ", ".join(one.release for one in payloads)
        text = f"it is made for OpenVINO {made_for}; it is compared with {counterpart.version}"
        yield LibraryFinding("other-release", Level.ERROR, text, f"Build it with --openvino {counterpart.version}.")


def _of_payloads(payloads: Sequence[Payload], inside: Sequence[FileReport]) -> Iterator[LibraryFinding]:
    for payload, report in zip(payloads, inside, strict=True):
        for finding in report.findings:
            if finding.level is not Level.NOTE or finding.code == "not-compared":
                text = f"its build for OpenVINO {payload.release}: {finding.text}"
                yield replace(finding, text=text, release=payload.release)


def _other_environment(
    elf: Elf, payloads: Sequence[Payload], version: OpenVINOVersion | None
) -> Iterator[LibraryFinding]:
    """Whether the library is for the OpenVINO of this environment."""
    made_for = [one.release for one in payloads] or [str(one) for one in [built_for(elf)] if one]
    if version and made_for and version.numbers not in {OpenVINOVersion.parse(one).numbers for one in made_for}:
        text = f"it is made for OpenVINO {', '.join(made_for)}; here is {version}"
        fix = f"Build it with --openvino {version}, or name a release that loads it: --openvino {made_for[0]}."
        yield LibraryFinding("other-release", Level.ERROR, text, fix, targets=(_environment(version),))


def _not_compared(elf: Elf, counterpart: Counterpart | None) -> Iterator[LibraryFinding]:
    if counterpart is None and built_for(elf):
        text = "its OpenVINO is not here, so its symbols were not compared"
        yield LibraryFinding("not-compared", Level.NOTE, text, "Name one with --openvino VERSION.")
