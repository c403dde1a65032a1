"""Comparing a benchmark with an earlier one, which may be of another day or of a busier machine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovext.errors import UsageError
from ovext.toml import read_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ovext.bench.benchmark import BenchResult

SCHEMA = 3
Earlier = dict[tuple[str, str, str], dict[str, float]]


@dataclass(frozen=True)
class Change:
    """How many times as fast a variant is as it was, and how much of that may be noise.

    Its time is taken as a multiple of that of a copy in the same run, so that a slower machine changes nothing.
    """

    op: str
    case: str
    variant: str
    times_as_fast: float
    noise: float

    @property
    def is_worse(self) -> bool:
        return self.times_as_fast < 1 - self.noise


def changes_since(before: Earlier, results: Sequence[BenchResult]) -> list[Change]:
    """The changes of all variants that both runs have measured with the same inputs.

    Raises:
        UsageError: they have nothing in common.
    """
    changes = []
    for result in results:
        for row in result.rows:
            old = before.get((result.op, row.case, row.entry))
            if old is not None and row.entry in result.variants:
                noise = old["noise"] + row.noise
                changes.append(Change(result.op, row.case, row.entry, old["copies"] / row.copies, noise))
    if not changes:
        raise UsageError("the earlier run has no measurement of the same op, inputs and variant")
    return changes


def earlier_run(file: Path) -> Earlier:
    """What an earlier run measured: by op, inputs and entry.

    Raises:
        UsageError: the file is no output of `ovext bench`.
    """
    try:
        data = json.loads(read_text(file))
        if data["schema"] != SCHEMA:
            raise UsageError(f"{file} has schema {data['schema']}, not {SCHEMA}", fix="Measure it again.")
        return {
            (result["op"], row["case"], row["entry"]): {name: float(row[name]) for name in ("copies", "noise")}
            for result in data["results"]
            for row in result["rows"]
        }
    except (ValueError, KeyError, TypeError) as error:
        fix = "Write one with: ovext bench --output FILE.json"
        raise UsageError(f"{file} is no output of `ovext bench`: {error!r}", fix=fix) from None
