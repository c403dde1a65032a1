"""What was tried, and the results."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ovext.project.frameworks import TITLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


# What each check does. A row's numbers are checked in several ways.
CHECKS = {
    "numbers": "the results are compared with those of reference.py",
    "shapes": "the shapes of the outputs are compared with op.toml and reference.py",
    "ends": "tensors end, and in other calls start, at memory that may not be touched",
    "types": "the CPU plugin compiles the op after it has changed element types",
    "inputs": "the inputs are the same after a call",
    "unwritten": "outputs have other contents before each call",
    "threads": "the op is called with 1 thread, 2, all and more than all, and must give the same",
    "places": "equal values must give equal results elsewhere in memory and, if the op is elementwise, in the tensor",
    "state": "the op is called again at the same addresses with other values",
    "crash": "the process must not die",
    "sanitizer": "the library is built with --sanitize, which reports nothing",
    "hang": "a case may take as many seconds as --timeout says",
    "instructions": "on an emulated CPU, a variant executes only instructions that its row of the table allows",
    "executed": "with --require all, each variant of the library must run somewhere",
    "reference": "reference.py must not fail",
    "attributes": "attributes have the model's values, and keep them when the model is saved and read again",
    **{
        name: f"attributes have the values that models of {title} give them, or their defaults"
        for name, title in TITLES.items()
    },
    "same_as": "the reference computes what the function computes that op.toml names",
    "refusals": "models that break a rule of op.toml are rejected with a message, and one that breaks none is taken",
    "requests": "requests that run at once return what each returns alone",
    "unloading": "a process that used the library releases it and ends",
}


# The checks that are rows; the others are made with each case of `numbers`.
ROWS = ("numbers", "attributes", *TITLES, "same_as", "refusals", "requests", "unloading")


@dataclass(frozen=True)
class Failure:
    """Something that the op does wrong.

    `check` is the one of CHECKS that found it. `options` are the options of `ovext test` that try this again.
    """

    check: str
    what: str
    options: tuple[str, ...] = ()

    def command(self, project: str, options: Sequence[str] = ()) -> str:
        """The command that tries it again; `options` are the others that were given."""
        return shlex.join(["ovext", "test", project, *options, *self.options])


@dataclass(frozen=True)
class Point:
    """A case with numbers: how large it is, and its largest error in units of what is allowed."""

    elements: int
    of_tolerance: float


@dataclass(frozen=True)
class Row:
    """One check of one op, with one variant, combination of element types and device if it depends on these."""

    op: str
    check: str  # one of ROWS
    device: str = "CPU"
    variant: str = ""
    types: str = ""
    cases: int = 0
    absolute: float = 0.0
    relative: float = 0.0
    points: tuple[Point, ...] = ()  # the cases that the numbers of this row are from
    failures: tuple[Failure, ...] = ()
    skipped: str = ""
    note: str = ""
    seconds: float = 0.0
    is_executed: bool = False  # whether its variant computed a case

    @property
    def is_fine(self) -> bool:
        return not self.failures

    def name(self) -> str:
        return " ".join(filter(None, [self.check, self.variant, self.types, self.device]))


@dataclass(frozen=True)
class Proof:
    """Everything that `ovext test` found out about a project."""

    project: str
    rows: tuple[Row, ...] = field(default=())

    @property
    def is_fine(self) -> bool:
        return all(row.is_fine for row in self.rows)

    def requiring_variants(self) -> Proof:
        """The proof with a failed row for each variant that nothing executed."""
        op = self.rows[0].op if self.rows else ""
        missing = [
            Row(op, "numbers", variant=variant, failures=(Failure("executed", f"{variant} was not executed anywhere"),))
            for variant, devices in self.executed().items()
            if not devices
        ]
        return replace(self, rows=(*self.rows, *missing))

    def executed(self) -> dict[str, list[str]]:
        """The devices that executed each variant, by the variant; none for one that nothing ran."""
        devices: dict[str, list[str]] = {}
        for row in self.rows:
            if row.check == "numbers" and row.variant:
                known = devices.setdefault(row.variant, [])
                if row.is_executed and row.device not in known:
                    known.append(row.device)
        return devices

    def failures(self) -> Iterator[tuple[Row, Failure]]:
        """Each failure, and its row. The same one in further rows, and a mistake in a reference, come once."""
        known: set[tuple[str, str]] = set()
        for row in self.rows:
            for failure in row.failures:
                what = (row.op, failure.what.partition(": the reference")[0])
                if what not in known:
                    yield row, failure
                known.add(what)

    def to_junit(self, options: Sequence[str] = ()) -> str:
        """JUnit XML, as continuous integration shows it: a suite for each op, a case for each row.

        `options` are those of `ovext test` that all commands need.
        """
        root = ET.Element("testsuites", name=f"ovext test {self.project}")
        for op in dict.fromkeys(row.op for row in self.rows):
            rows = [row for row in self.rows if row.op == op]
            root.append(_suite(op, rows, self.project, options))
        ET.indent(root)
        return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(op: str, rows: Sequence[Row], project: str, options: Sequence[str]) -> ET.Element:
    suite = ET.Element(
        "testsuite",
        name=op,
        tests=str(len(rows)),
        failures=str(sum(not row.is_fine for row in rows)),
        skipped=str(sum(bool(row.skipped) for row in rows)),
        time=f"{sum(row.seconds for row in rows):.3f}",
    )
    for row in rows:
        case = ET.SubElement(suite, "testcase", classname=op, name=row.name(), time=f"{row.seconds:.3f}")
        if row.skipped:
            ET.SubElement(case, "skipped", message=row.skipped)
        if row.note:
            ET.SubElement(case, "system-out").text = _printable(row.note)
        if row.failures:
            text = "\n\n".join(f"{one.check}: {one.what}\n{one.command(project, options)}" for one in row.failures)
            first = row.failures[0].what.splitlines()[0]
            ET.SubElement(case, "failure", message=_printable(first)).text = _printable(text)
    return suite


def _printable(text: str) -> str:
    """The text without characters that XML cannot contain."""
    return "".join(character for character in text if character.isprintable() or character in "\n\t")
