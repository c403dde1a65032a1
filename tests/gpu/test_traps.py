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


VOLUME = "*".join(f"OUTPUT0_DIMS[{axis}]" for axis in range(4)) + "*4"
OWN = f'    <Tensor arg-index="2" type="internal" port-index="0" size="{VOLUME}"/>\n'
THROUGH_OWN = KERNEL.replace("* dst)", "* dst, __global float* own)").replace("= src[from]", "= own[to] = src[from]")
# Layers with scratch buffers, and their kernels: one buffer, two, and one that is the first argument.
WITH_SCRATCH = {
    "one": (XML.replace("  </Buffers>", f"{OWN}  </Buffers>"), THROUGH_OWN),
    "two": (
        XML.replace("  </Buffers>", OWN + OWN.replace('"0"', '"1"').replace('"2"', '"3"') + "  </Buffers>"),
        THROUGH_OWN.replace("float* own)", "float* own, __global float* more)").replace(
            "= own[to]", "= more[to] = own[to]"
        ),
    ),
    "first": (
        XML.replace('arg-index="1"', 'arg-index="2"')
        .replace('arg-index="0"', 'arg-index="1"')
        .replace("  </Buffers>", OWN.replace('"2"', '"0"', 1) + "  </Buffers>"),
        THROUGH_OWN.replace(", __global float* own", "").replace("copy(", "copy(__global float* own,"),
    ),
}


@pytest.mark.parametrize("op", [Op(), Op(hint="f16"), Op(dynamic=True)], ids=["static", "f16", "dynamic"])
@pytest.mark.parametrize("layer", WITH_SCRATCH)
def test_layers_with_scratch_buffers_compute(layer: str, op: Op, healthy: Path, try_layer: TryLayer) -> None:
    xml, kernel = WITH_SCRATCH[layer]
    healthy.write_text(xml)
    healthy.with_name("copy.cl").write_text(kernel)
    assert findings_of(healthy, op) == []
    assert try_layer(healthy, op) == {"agrees": True, "custom": True}


@pytest.mark.parametrize("trap", TRAPS, ids=named)
def test_check_names_the_trap(trap: Trap, tmp_path: Path) -> None:
    xml = trap.write(tmp_path)
    # Where the XML changes but the mistake is in the kernel, the line is in the kernel.
    in_kernel = trap.in_kernel or trap.code in {"arg-count", "out-of-bounds"}
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
