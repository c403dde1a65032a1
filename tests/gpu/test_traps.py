"""Each trap of the GPU plugin: named by `gpu check` at its line, and true of the plugin on the simulated device."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpu.traps import DIES, FAILS, FINE, KERNEL, TRAPS, UNUSED, USED, WRONG, XML, Op, Trap, TryLayer, findings_of


def named(trap: Trap) -> str:
    return str(trap.name.replace(" ", "-"))


@pytest.fixture
def healthy(tmp_path: Path) -> Path:
    (tmp_path / "layer.xml").write_text(XML)
    (tmp_path / "copy.cl").write_text(KERNEL)
    return tmp_path / "layer.xml"


def test_the_healthy_layer_has_no_finding(healthy: Path) -> None:
    assert findings_of(healthy, Op()) == []


@pytest.mark.parametrize(
    "op",
    [Op(), Op(hint="f16"), Op(dynamic=True), Op(inputs=((4,),), outputs=((4,),))],
    ids=["static", "f16", "dynamic", "rank 1"],
)
def test_the_healthy_layer_computes(healthy: Path, op: Op, try_layer: TryLayer) -> None:
    assert try_layer(healthy, op) == {"agrees": True, "custom": True}


@pytest.mark.parametrize("trap", TRAPS, ids=named)
def test_check_names_the_trap(trap: Trap, tmp_path: Path) -> None:
    xml = trap.write(tmp_path)
    # Where the XML changes but the mistake is in the kernel, the line is in the kernel.
    in_kernel = trap.in_kernel or trap.code == "arg-count"
    file = tmp_path / "copy.cl" if in_kernel else xml
    places = {(finding.code, finding.where.file, finding.where.line) for finding in findings_of(xml, trap.op)}
    assert (trap.code, file, trap.line) in places


@pytest.mark.parametrize("trap", TRAPS, ids=named)
def test_plugin_falls_into_the_trap(trap: Trap, tmp_path: Path, try_layer: TryLayer) -> None:
    answer = try_layer(trap.write(tmp_path), trap.op)
    expected = {
        WRONG: answer == {"agrees": False, "custom": True},
        DIES: "died" in answer,
        FAILS: answer != {"agrees": True, "custom": True},
        FINE: answer == {"agrees": True, "custom": True},
        USED: answer.get("custom") is True,
        UNUSED: answer.get("custom") is False,
    }
    assert expected.get(trap.plugin, trap.plugin in answer.get("error", "")), answer
