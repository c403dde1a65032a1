"""Findings of inspection in the forms that code hosts read: GitHub's annotations, and SARIF 2.1.0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ovext.findings import Level
from ovext.inspect.codes import CODES
from ovext.inspect.report import FileReport
from ovext.resources import version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ovext.inspect.report import LibraryFinding, Unreadable

_GITHUB = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}
_UNREADABLE = "unreadable"
_PAGE = "https://json.schemastore.org/sarif-2.1.0.json"


def github_lines(reports: Sequence[FileReport | Unreadable]) -> Iterator[str]:
    """A workflow command of GitHub Actions for each finding; accepted ones are notices."""
    for report in reports:
        if not isinstance(report, FileReport):
            yield _command("error", report.file, _UNREADABLE, report.problem)
            continue
        for finding in report.findings:
            level = "notice" if finding.accepted is not None else _GITHUB[finding.level]
            yield _command(level, report.file, finding.code, sentence(finding))


def sentence(finding: LibraryFinding) -> str:
    """The finding as one text: what is wrong, and what to do."""
    accepted = f" (accepted: {finding.accepted})" if finding.accepted is not None else ""
    return f"{finding.text}{accepted}." + (f" {finding.fix}" if finding.fix else "")


def sarif(reports: Sequence[FileReport | Unreadable]) -> dict[str, Any]:
    """A SARIF log with one run. The locations are the files; libraries have no lines."""
    codes = list(CODES)
    rules = [{"id": code, "shortDescription": {"text": meaning}} for code, (_, meaning) in CODES.items()]
    rules.append({"id": _UNREADABLE, "shortDescription": {"text": "the file cannot be inspected"}})
    results = []
    for report in reports:
        if isinstance(report, FileReport):
            results += [_of_finding(report.file, finding, codes.index(finding.code)) for finding in report.findings]
        else:
            results.append(_result(report.file, _UNREADABLE, len(codes), Level.ERROR, report.problem))
    driver = {"name": "ovext", "version": version(), "rules": rules}
    return {"$schema": _PAGE, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _of_finding(file: str, finding: LibraryFinding, rule: int) -> dict[str, Any]:
    result = _result(file, finding.code, rule, finding.level, sentence(finding))
    result["properties"] = {"where": finding.where, "targets": finding.targets}
    if finding.accepted is not None:
        result["suppressions"] = [{"kind": "external", "justification": finding.accepted}]
    return result


def _result(file: str, code: str, rule: int, level: Level, text: str) -> dict[str, Any]:
    location = {"physicalLocation": {"artifactLocation": {"uri": quote(file)}}}
    return {
        "ruleId": code,
        "ruleIndex": rule,
        "level": level.value,
        "message": {"text": text},
        "locations": [location],
    }


def _command(level: str, file: str, code: str, text: str) -> str:
    return f"::{level} file={_escaped(file, ':,')},title=ovext {code}::{_escaped(text)}"


def _escaped(text: str, more: str = "") -> str:
    for letter in f"%\r\n{more}":
        text = text.replace(letter, f"%{ord(letter):02X}")
    return text
