"""The result of inspecting a file: findings, and a verdict for each target."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ovext.findings import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Verdict:
    """Whether the file loads on one base OS, and if not, why."""

    base_os: str
    loads: bool
    errors: tuple[str, ...] = ()  # the codes of the findings because of which it loads nowhere
    reasons: tuple[str, ...] = ()  # sentences: why it does not load there
    fix: str = ""


@dataclass(frozen=True)
class VariantCode:
    """How much code one variant has."""

    functions: int
    size: int  # in bytes


@dataclass(frozen=True)
class FileReport:
    """All that is said of one library."""

    file: str
    soname: str | None
    needed: tuple[str, ...]
    highest_versions: dict[str, str]  # GLIBC, GLIBCXX, CXXABI: the highest that it requires
    versions: dict[str, tuple[str, ...]]  # every such version, with the symbols that require it
    manylinux: str | None  # the oldest manylinux tag that it deserves
    openvino: str  # what its symbols were compared with
    instruction_sets: dict[str, int]  # how many functions need only x86-64 ("baseline"), and each feature beyond it
    variants: dict[str, VariantCode]
    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def is_fine(self) -> bool:
        return not self.errors and all(verdict.loads for verdict in self.verdicts)

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.level is Level.ERROR)

    def to_json(self) -> dict[str, Any]:
        return {"is_fine": self.is_fine, **asdict(self)}


def some(names: Sequence[str], shown: int) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more


def json_schema() -> str:
    """The schema of `ovext inspect --json`, which docs/inspect.schema.json shows."""
    from pydantic import TypeAdapter  # noqa: PLC0415  only for the documentation

    file = TypeAdapter(FileReport).json_schema()
    definitions = file.pop("$defs")
    file["properties"]["is_fine"] = {"type": "boolean", "description": "No error, and it loads on every target."}
    file["required"].append("is_fine")
    properties = {"schema": {"const": 1}, "files": {"type": "array", "items": file}}
    schema = {"$defs": definitions, "type": "object", "properties": properties, "required": list(properties)}
    return json.dumps(schema, indent=2) + "\n"
