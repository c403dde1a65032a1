"""The result of inspecting a file: findings, and a verdict for each target."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ovext.findings import Finding, Level
from ovext.targets.openvino_version import OpenVINOVersion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovext.project.settings import Acceptance


WIDE_CODE = "wide-code"
_OPENVINO = "OpenVINO "  # before the release of this environment, as a target


def _numbers(release: str) -> tuple[int, int, int]:
    return OpenVINOVersion.parse(release).numbers


@dataclass(frozen=True, kw_only=True)
class LibraryFinding(Finding):
    """A finding about a library."""

    where: str = ""  # the function or the library that it is about
    targets: tuple[str, ...] | None = None  # where it holds, of those that were asked about; None: everywhere
    accepted: str | None = None  # why the user accepts it
    release: str = ""  # of OpenVINO, if it is about the library's build for that one

    @property
    def is_error(self) -> bool:
        return self.level is Level.ERROR and self.accepted is None


@dataclass(frozen=True)
class Needed:
    """One library that is needed, and who brings it on each target; None if nobody does."""

    library: str
    needed_by: str
    brought_by: dict[str, str | None]


@dataclass(frozen=True)
class Verdict:
    """Whether the file loads on one target, and the codes of the errors because of which it does not."""

    target: str  # a base OS, "here", or the OpenVINO of this environment
    loads: bool | None  # None: it depends on the CPU, and whether a check stands before the code is not known
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class VariantCode:
    """How much code one variant has."""

    functions: int
    size: int  # in bytes


@dataclass(frozen=True)
class FileReport:
    """All that is said of one library."""

    file: str
    kind: Literal["extension", "library"]  # a library has no entry point, and needs none
    soname: str | None
    needed: tuple[Needed, ...]
    highest_versions: dict[str, str]  # GLIBC, GLIBCXX, CXXABI: the highest that it requires
    versions: dict[str, tuple[str, ...]]  # every such version, with the symbols that require it
    manylinux: str | None  # the oldest manylinux tag that it deserves
    openvino: str  # what its symbols were compared with
    cpu: str  # the least CPU that it was judged for
    instruction_sets: dict[str, int]  # how many functions need only x86-64 ("baseline"), and each feature beyond it
    variants: dict[str, VariantCode]
    limits: tuple[str, ...]  # what was not done for the file's size
    findings: tuple[LibraryFinding, ...]
    targets: tuple[str, ...]
    sha256: str
    size: int  # in bytes, as are those of its sections
    sections: dict[str, int]  # of those that lie in the file
    exports: tuple[str, ...]  # the symbols that it provides
    is_python_module: bool = False
    releases: dict[str, str] = field(default_factory=dict)  # that it has builds for inside, and what each is

    @property
    def is_fine(self) -> bool:
        return not self.errors

    @property
    def errors(self) -> tuple[LibraryFinding, ...]:
        return tuple(finding for finding in self.findings if finding.is_error)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return tuple(self._verdict(target, self.findings) for target in self.targets)

    @property
    def verdicts_by_release(self) -> dict[str, dict[str, Verdict]]:
        """The same for each build inside alone, by target; what is said of the library itself holds for each.

        The OpenVINO of this environment is a target of the build for it only.
        """
        return {
            name: {
                target: self._verdict(target, [one for one in self.findings if one.release in {"", name}])
                for target in self.targets
                if not target.startswith(_OPENVINO) or _numbers(target.removeprefix(_OPENVINO)) == _numbers(name)
            }
            for name in self.releases
        }

    def _verdict(self, target: str, findings: Sequence[LibraryFinding]) -> Verdict:
        here = [one for one in findings if one.targets is None or target in one.targets]
        codes = tuple(dict.fromkeys(one.code for one in here if one.is_error))
        is_unknown = any(one.code == WIDE_CODE and one.targets is not None for one in here)
        return Verdict(target, None if is_unknown and not codes else not codes, codes)

    def as_library(self) -> FileReport:
        """The report on the same file if nobody expects an entry point of it."""
        findings = tuple(one for one in self.findings if one.code not in {"no-entry-point", "old-entry-point"})
        return replace(self, kind="library", findings=findings)

    def without_too_new(self) -> FileReport:
        """The report for only those targets that have every version that the library needs."""
        too_new = {target for one in self.errors if one.code == "too-new" for target in one.targets or ()}
        kept = tuple(target for target in self.targets if target not in too_new)
        findings = tuple(one for one in self.findings if one.targets is None or set(one.targets) & set(kept))
        return replace(self, targets=kept, findings=findings)

    def accepting(self, acceptances: Sequence[Acceptance]) -> FileReport:
        """The report with the reasons of the user beside the findings that they accept."""
        return replace(self, findings=tuple(self._accepted(finding, acceptances) for finding in self.findings))

    def _accepted(self, finding: LibraryFinding, acceptances: Sequence[Acceptance]) -> LibraryFinding:
        for one in acceptances:
            places = {finding.where, Path(self.file).name}
            if one.finding == finding.code and any(fnmatchcase(place, one.in_) for place in places):
                return replace(finding, accepted=one.reason)
        return finding

    def to_json(self) -> dict[str, Any]:
        verdicts = [asdict(verdict) for verdict in self.verdicts]
        inside = {name: [asdict(one) for one in found.values()] for name, found in self.verdicts_by_release.items()}
        data = {**asdict(self), "verdicts": verdicts, "verdicts_by_release": inside}
        return {"is_fine": self.is_fine, **data, "problem": None}


@dataclass(frozen=True)
class Unreadable:
    """A file that could not be inspected, and why: it is damaged, for another system, or beyond a limit."""

    file: str
    problem: str
    is_fine: Literal[False] = False

    def accepting(self, _: Sequence[Acceptance]) -> Unreadable:
        """The same: a file that cannot be read cannot be accepted."""
        return self

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def unused(acceptances: Sequence[Acceptance], reports: Sequence[FileReport | Unreadable]) -> list[Acceptance]:
    """The acceptances that no finding in the reports, made with them, needs any more."""
    used = {
        (finding.code, finding.accepted)
        for report in reports
        if isinstance(report, FileReport)
        for finding in report.findings
    }
    return [one for one in acceptances if (one.finding, one.reason) not in used]


def some(names: Sequence[str], shown: int) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more


def json_schema() -> str:
    """The schema of `ovext inspect --json`, which docs/inspect.schema.json shows."""
    from pydantic import TypeAdapter  # noqa: PLC0415  only for the documentation

    file, verdict, unreadable = (TypeAdapter(one).json_schema() for one in (FileReport, Verdict, Unreadable))
    definitions = {**file.pop("$defs"), "Verdict": verdict}
    file["properties"]["is_fine"] = {"type": "boolean", "description": "It loads on every target, without errors."}
    file["properties"]["verdicts"] = {"type": "array", "items": {"$ref": "#/$defs/Verdict"}}
    file["properties"]["problem"] = {"type": "null"}
    by_release = {"type": "array", "items": {"$ref": "#/$defs/Verdict"}}
    file["properties"]["verdicts_by_release"] = {"type": "object", "additionalProperties": by_release}
    file["required"] += ["is_fine", "verdicts", "verdicts_by_release", "problem"]
    properties = {"schema": {"const": 2}, "files": {"type": "array", "items": {"anyOf": [file, unreadable]}}}
    schema = {"$defs": definitions, "type": "object", "properties": properties, "required": list(properties)}
    return json.dumps(schema, indent=2) + "\n"
