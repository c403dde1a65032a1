"""Inspect a library, or each library of a wheel or a folder. Nothing is loaded and nothing is run."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from ovext.errors import UnreadableFileError
from ovext.findings import Finding, Level
from ovext.inspect import versions
from ovext.inspect.demangle import demangle
from ovext.inspect.elf import Elf
from ovext.inspect.file_findings import (
    file_findings,
    fused_findings,
    instruction_findings,
    instruction_sets,
    variant_code,
)
from ovext.inspect.functions import functions_of
from ovext.inspect.openvino_symbols import Counterpart, openvino_findings
from ovext.inspect.report import FileReport, Verdict
from ovext.inspect.variants import variants_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ovext.targets.base_os import BaseOS

    ChooseCounterpart = Callable[[Elf], Counterpart | None]

_ELF = b"\x7fELF"
_LARGEST_MEMBER = 1 << 30
_SHOWN_NEEDS = 2
_FIX_FOR_TOO_NEW = (
    "Build it with ovext, whose libraries need nothing newer than UBI 8 has, or on that system or an older one."
)


def read_libraries(path: Path) -> list[Elf]:
    """The libraries to inspect: the file itself, or those in a wheel or folder.

    Raises:
        UnreadableFileError: the path does not exist, is none of these, or contains no library.
    """
    if path.is_dir():
        found = [Elf(file) for file in sorted(path.rglob("*.so*")) if file.is_file() and _begins_as_elf(file)]
    elif path.suffix == ".whl":
        found = _libraries_of_wheel(path)
    else:
        found = [Elf(path)]
    if not found:
        raise UnreadableFileError("there is no library in it", where=path)
    return found


def inspect_library(
    elf: Elf,
    bases: Iterable[BaseOS],
    choose_counterpart: ChooseCounterpart,
    *,
    may_fuse: bool = True,
    objects: Sequence[Path] = (),
) -> FileReport:
    """Every finding about one library, and a verdict for each base OS.

    Args:
        elf: the library.
        bases: the base operating systems to judge it for.
        choose_counterpart: returns the OpenVINO to compare it with; None if there is none here.
        may_fuse: whether its variants may fuse multiplications with additions.
        objects: the object files that it was linked from, if they are known; the verdicts' reasons name them.

    Raises:
        UnreadableFileError: the file is damaged or is no shared library.
    """
    if not elf.is_library:
        raise UnreadableFileError("this is an object file, not a shared library", where=elf.path)
    counterpart = choose_counterpart(elf)
    functions = functions_of(elf)
    variants = variant_code(functions, variants_in(elf) or ())
    needs = versions.needs_of(elf)
    findings = [
        *openvino_findings(elf, functions, counterpart),
        *file_findings(elf),
        *instruction_findings(elf, functions, variants),
        *([] if may_fuse else fused_findings(elf, functions)),
    ]
    if counterpart is None:
        text = "its OpenVINO is not here, so its symbols were not compared"
        findings.append(Finding("not-compared", Level.NOTE, text, "Name one with --openvino VERSION."))
    return FileReport(
        file=str(elf.path),
        soname=next(iter(elf.strings_of("SONAME")), None),
        needed=tuple(elf.strings_of("NEEDED")),
        highest_versions=versions.highest(needs),
        versions={str(need): tuple(map(demangle, need.symbols)) for need in needs},
        manylinux=versions.manylinux_tag(needs),
        openvino=f"{counterpart.version}" if counterpart else "not compared",
        instruction_sets=instruction_sets(functions),
        variants=variants,
        findings=tuple(sorted(findings, key=lambda finding: list(Level).index(finding.level))),
        verdicts=tuple(_verdict(base, needs, findings, objects) for base in bases),
    )


def _verdict(
    base: BaseOS, needs: Sequence[versions.Need], findings: Iterable[Finding], objects: Sequence[Path]
) -> Verdict:
    errors = [finding.code for finding in findings if finding.level is Level.ERROR]
    too_new = versions.above(needs, base)
    reasons = [
        f"needs {versions.describe(need)}{_users(objects, need)}; {base.id} has {versions.ceiling(need, base)}"
        for need in too_new[:_SHOWN_NEEDS]
    ]
    if len(too_new) > _SHOWN_NEEDS:
        reasons.append(f"and {len(too_new) - _SHOWN_NEEDS} more versions")
    fix = _FIX_FOR_TOO_NEW if too_new else ""
    return Verdict(base.id, not errors and not too_new, tuple(errors), tuple(reasons), fix)


def _users(objects: Sequence[Path], need: versions.Need) -> str:
    """The object files that require these symbols."""
    wanted = set(need.symbols)
    users = [
        file.name.removesuffix(".o")
        for file in objects
        if any(symbol.name in wanted and not symbol.is_defined for symbol in Elf(file).symbols)
    ]
    return f" (in {', '.join(dict.fromkeys(users))})" if users else ""


def _libraries_of_wheel(path: Path) -> list[Elf]:
    found = []
    try:
        with zipfile.ZipFile(path) as wheel:
            for member in wheel.infolist():
                if ".so" not in Path(member.filename).name or member.file_size > _LARGEST_MEMBER:
                    continue
                data = wheel.read(member)
                if data.startswith(_ELF):
                    found.append(Elf(path / member.filename, data))
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise UnreadableFileError(f"the wheel cannot be read: {error}", where=path) from None
    return found


def _begins_as_elf(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_ELF)) == _ELF
    except OSError as error:
        raise UnreadableFileError(f"the file cannot be read: {error.strerror}", where=path) from None
