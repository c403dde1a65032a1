"""`ovext bench --count`: the instructions of the examples' kernels do not grow unnoticed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from helpers import ROOT, Ovext, copy_project, need
from ovext.toolchain.compiler import find_compiler
from ovext.toolchain.emulators import has_emulator

if TYPE_CHECKING:
    from pathlib import Path

# For each element of the first case of each benchmark, compiled by GCC 12.
RECORDED = {
    "custom_relu": {"CustomReLU": {"sse42": 1.533, "avx2": 0.660, "avx512f": 0.347}},
    "complex_ops": {
        "ComplexMultiplication": {"sse42": 3.531, "avx2": 1.406, "avx512f": 0.719},
        "GroupNormSiLU": {"sse42": 14.984, "avx2": 6.611, "avx512f": 3.438},
    },
}


def only_first_cases(project: Path) -> None:
    for bench in (project / "bench").glob("*.toml"):
        text, count = re.subn(r"(?m)^(cases = \[\n  \[.*\],\n)(?:  .*\n)*", r"\1", bench.read_text(encoding="utf-8"))
        assert count == 1
        bench.write_text(re.sub(r"(?m)^at_least = \[.*\]\n", "", text), encoding="utf-8")


@pytest.mark.parametrize("name", RECORDED)
def test_kernels_execute_as_many_instructions_as_recorded(ovext: Ovext, tmp_path: Path, name: str) -> None:
    need(has_emulator(), "bochscpu")
    project = copy_project(ROOT / "extension_src" / name, tmp_path / name)
    only_first_cases(project)
    assert ovext("build", project, cwd=tmp_path).returncode == 0
    first, second = (ovext("bench", project, "--count", "--json", cwd=tmp_path) for _ in range(2))
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    allowed = 0.02 if find_compiler().version.startswith("12.") else 0.5
    found: dict[str, dict[str, float]] = {}
    for one in json.loads(first.stdout)["counts"]:
        found.setdefault(one["op"], {})[one["variant"]] = one["instructions"] / one["elements"]
    for op, variants in RECORDED[name].items():
        assert found.pop(op) == pytest.approx(variants, rel=allowed)
    assert not found


def test_the_table_has_a_row_for_each_variant(ovext: Ovext, tmp_path: Path, custom_relu: Path) -> None:
    need(has_emulator(), "bochscpu")
    only_first_cases(custom_relu)
    assert ovext("build", custom_relu, cwd=tmp_path).returncode == 0
    done = ovext("bench", custom_relu, "--count", "--output", tmp_path / "counts.json", cwd=tmp_path)
    counts = json.loads((tmp_path / "counts.json").read_text(encoding="utf-8"))["counts"]
    for one in counts:
        assert re.search(rf"^  {one['variant']} +{one['instructions']:,} ", done.stdout, re.MULTILINE), done.stdout
