"""Changed XMLs: what `gpu check` says of each is what the plugin does with it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gpu.mutations import mutation
from gpu.traps import KERNEL, Op
from helpers import PACKAGES
from ovext.findings import Level
from ovext.gpu.check import Checked
from ovext.gpu.coverage import check_coverage
from ovext.gpu.place import PlacedFinding
from ovext.gpu.read import read_layers
from ovext.gpu.simulator import Simulator

FILES, PARTS = 500, 4
DIED = {"error": "the process died"}


def told(xml: Path) -> tuple[bool, list[PlacedFinding]]:
    """Whether a layer of the op is there, and the findings about all."""
    layers, findings = read_layers(xml)
    used = next((layer for layer in reversed(layers) if layer.op == "Copy"), None)
    checked = [Checked(layer, Op().use(), is_replaced=layer is not used) for layer in layers]
    findings += [finding for one in checked for finding in one.findings]
    if used and all(one.level is not Level.ERROR for one in findings):
        findings += check_coverage([(used, Op().use())])
    return used is not None, findings


def answers_of_plugin(files: list[Path], simulator: Simulator) -> list[dict[str, Any]]:
    """What the plugin does with each file; where it ends the process, another one goes on."""
    answers: list[dict[str, Any]] = []
    while len(answers) < len(files):
        script = str(PACKAGES / "gpu" / "read_layers.py")
        process = subprocess.Popen(
            [sys.executable, script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={"PATH": "/usr/bin:/bin", **simulator.environment()},
        )
        rest = [str(file) for file in files[len(answers) :]]
        try:
            said, _ = process.communicate(json.dumps({"files": rest}), timeout=300)
        except subprocess.TimeoutExpired:  # a file that makes the plugin hang counts as one that it fails with
            process.kill()
            said, _ = process.communicate()
        answers += [json.loads(line) for line in said.splitlines()[1::2]]
        if process.returncode != 0 and len(answers) < len(files):
            answers.append(DIED)
    return answers


@pytest.mark.parametrize("part", range(PARTS))
def test_the_verdict_on_a_changed_layer_is_the_plugins(part: int, tmp_path: Path, simulator: Simulator) -> None:
    (tmp_path / "copy.cl").write_text(KERNEL)
    files = [tmp_path / f"{number}.xml" for number in range(part, FILES, PARTS)]
    for file in files:
        file.write_text(mutation(int(file.stem)))
    differences = []
    for file, answer in zip(files, answers_of_plugin(files, simulator), strict=True):
        has_layer, findings = told(file)
        errors = [one for one in findings if one.level is Level.ERROR]
        fails = "error" in answer
        errors = [one for one in errors if one.code not in {"work-items", "out-of-bounds"}]
        is_silent = not findings and not answer.get("is_right")
        if (has_layer and (fails != bool(errors) or is_silent)) or (not has_layer and not fails):
            differences.append((file.stem, answer, [f"{one.code}: {one.text}" for one in findings]))
    assert differences == []
