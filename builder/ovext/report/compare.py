"""What changed between two builds: what someone looks at before taking an update."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovext.report.page import parts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ovext.report.overview import Library, Overview
    from ovext.report.records import InspectedFileData, OpBenchData, ProofRowData

_NOTABLE = 0.25  # a change of a worst error, as a share of it
_NOTABLE_ERROR = 0.05  # of the tolerance; a smaller one is of no interest


@dataclass(frozen=True)
class Difference:
    """Something that is new, gone or different. `is_worse` is whether it speaks against the update."""

    what: str
    before: str
    after: str
    is_worse: bool = False


@dataclass(frozen=True)
class Differences:
    """What changed of one library or op."""

    name: str
    changes: tuple[Difference, ...]


def compare(old: Overview, new: Overview) -> tuple[Differences, ...]:
    """The changes of each library, of each op's proof and of each op's speed; and what could not be read."""
    unread = [Difference(one, "left out", "-") for one in old.problems]
    unread += [Difference(one, "-", "left out", is_worse=True) for one in new.problems]
    found = [
        *(Differences(name, tuple(_library(*pair))) for name, pair in _pairs(old, new)),
        *_proofs(old, new),
        *_speeds(old, new),
        Differences("What could not be read", tuple(unread)),
    ]
    return tuple(one for one in found if one.changes)


def _pairs(old: Overview, new: Overview) -> Iterator[tuple[str, tuple[Library | None, Library | None]]]:
    """The library of each file and base OS in both: for whatever release if both have one, else for the same one."""
    before, after = _by_file(old), _by_file(new)
    for name in dict.fromkeys([*before, *after]):
        both = before.get(name, []), after.get(name, [])
        if max(map(len, both)) <= 1:
            yield name, (next(iter(both[0]), None), next(iter(both[1]), None))
            continue
        releases = [{one.built.release: one for one in each} for each in both]
        for release in dict.fromkeys([*releases[0], *releases[1]]):
            yield f"{name}, OpenVINO {release}", (releases[0].get(release), releases[1].get(release))


def _by_file(shown: Overview) -> dict[str, list[Library]]:
    found: dict[str, list[Library]] = {}
    for one in shown.libraries:
        found.setdefault(f"{one.built.file}, {one.built.base_os or 'any system'}", []).append(one)
    return found


def _library(old: Library | None, new: Library | None) -> Iterator[Difference]:
    if old is None or new is None:
        yield Difference("the library", _told(old), _told(new), is_worse=new is None)
        return
    yield from _different("version", old.built.project.version, new.built.project.version)
    yield from _different("OpenVINO", ", ".join(old.built.openvinos), ", ".join(new.built.openvinos))
    ops = [[f"{op.type} ({op.opset})" for op in one.built.ops] for one in (old, new)]
    yield from _sets("op", *ops)
    yield from _sets("variant", *([each.id for each in one.built.variants] for one in (old, new)))
    yield from _different("size", f"{old.built.size:,} bytes", f"{new.built.size:,} bytes")
    if old.inspected and new.inspected:
        yield from _inspected(old.inspected, new.inspected)


def _inspected(old: InspectedFileData, new: InspectedFileData) -> Iterator[Difference]:
    before, after = parts_of(old.sections), parts_of(new.sections)
    for part in dict.fromkeys([*before, *after]):
        sizes = (f"{one.get(part, 0):,} bytes" for one in (before, after))
        yield from _different(f"size of {part}", *sizes)
    yield from _sets("symbol", old.exports, new.exports)
    needs = ([each.library for each in one.needed] for one in (old, new))
    yield from _sets("needed library", *needs, new_is_worse=True, gone_is_worse=False)
    for family in dict.fromkeys([*old.highest_versions, *new.highest_versions]):
        versions = [one.highest_versions.get(family, "") for one in (old, new)]
        yield from _different(family, *versions, is_worse=_numbers(versions[1]) > _numbers(versions[0]))
    loads = [{each.target: each.loads for each in one.verdicts} for one in (old, new)]
    words = {True: "loads", False: "does not load", None: "unknown"}
    for target in dict.fromkeys([*loads[0], *loads[1]]):
        told = [words[one[target]] if target in one else "" for one in loads]
        yield from _different(target, *told, is_worse=loads[1].get(target) is not True)
    findings = ([f"{each.text} [{each.code}]" for each in one.findings] for one in (old, new))
    yield from _sets("finding", *findings, new_is_worse=True, gone_is_worse=False)


def _proofs(old: Overview, new: Overview) -> Iterator[Differences]:
    before, after = (
        {(project, row.op, row.check, row.device, row.variant, row.types): row for project, row in one.proofs}
        for one in (old, new)
    )
    by_op: dict[str, list[Difference]] = {}
    for key in dict.fromkeys([*before, *after]):
        what = " ".join(filter(None, key[2:]))
        by_op.setdefault(key[1], []).extend(_row(what, before.get(key), after.get(key)))
    yield from (Differences(f"the proof of {op}", tuple(changes)) for op, changes in by_op.items())


def _row(what: str, old: ProofRowData | None, new: ProofRowData | None) -> Iterator[Difference]:
    told = [one.outcome if one else "" for one in (old, new)]
    yield from _different(what, *told, is_worse=told[1] != "fine")
    if old is None or new is None or told != ["fine", "fine"]:
        return
    if old.cases != new.cases:
        yield Difference(f"{what}: cases", f"{old.cases:,}", f"{new.cases:,}", is_worse=new.cases < old.cases)
    errors = [one.of_tolerance or 0.0 for one in (old, new)]
    if max(errors) > _NOTABLE_ERROR and not math.isclose(*errors, rel_tol=_NOTABLE):
        before, after = (f"{one:.2g} of the tolerance" for one in errors)
        yield Difference(f"{what}: worst error", before, after, is_worse=errors[1] > errors[0])


def _speeds(old: Overview, new: Overview) -> Iterator[Differences]:
    before, after = ({(project, one.op): one for project, one in shown.benches} for shown in (old, new))
    for key in before:
        if key in after:
            yield Differences(f"the speed of {key[1]}", tuple(_speed(before[key], after[key])))


def _speed(old: OpBenchData, new: OpBenchData) -> Iterator[Difference]:
    """Variants whose time changed by more than both runs spread."""
    known = {(row.case, row.entry): row for row in old.rows}
    for row in new.rows:
        if row.entry not in new.variants or (row.case, row.entry) not in known:
            continue
        earlier = known[row.case, row.entry]
        noise = math.hypot(row.noise, earlier.noise)
        ratio = earlier.microseconds / row.microseconds if row.microseconds else 1.0
        if abs(math.log(ratio)) <= math.log1p(noise):
            continue
        times = (
            f"{earlier.microseconds:,.1f} µs",
            f"{row.microseconds:,.1f} µs, {ratio:.2f} times as fast ± {noise:.2f}",
        )
        yield Difference(f"{row.entry}, {row.case}", *times, is_worse=ratio < 1)


def _different(what: str, before: str, after: str, *, is_worse: bool = False) -> Iterator[Difference]:
    if before != after:
        yield Difference(what, before or "-", after or "-", is_worse)


def _sets(
    what: str, before: Iterable[str], after: Iterable[str], *, new_is_worse: bool = False, gone_is_worse: bool = True
) -> Iterator[Difference]:
    old, new = dict.fromkeys(before), dict.fromkeys(after)
    yield from (Difference(what, "-", one, new_is_worse) for one in new if one not in old)
    yield from (Difference(what, one, "-", gone_is_worse) for one in old if one not in new)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdecimal()]


def _told(library: Library | None) -> str:
    return f"{library.built.project.version}, {library.built.size:,} bytes" if library else "-"
