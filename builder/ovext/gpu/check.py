"""Looking at layers with every rule, without a GPU and without a compiler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ovext.errors import ProjectError
from ovext.findings import Level
from ovext.gpu.bindings import check_bindings
from ovext.gpu.described import assumed_use, layer_of, use_of
from ovext.gpu.findings import Place
from ovext.gpu.kernel import check_kernel
from ovext.gpu.mvcl_check import check_described
from ovext.gpu.read import read_layers
from ovext.gpu.sizes import check_sizes
from ovext.project import load_project
from ovext.toml import line_of, read_text

if TYPE_CHECKING:
    from pathlib import Path

    from ovext.gpu.findings import PlacedFinding
    from ovext.gpu.layer import Layer, Use
    from ovext.project import OpDescription


@dataclass(frozen=True)
class Checked:
    """A layer, what it is used for, and the description that it is from, if any."""

    layer: Layer
    use: Use
    op: OpDescription | None = None


@dataclass(frozen=True)
class CheckReport:
    """All findings of a project or XML, in the order of its lines."""

    layers: tuple[Checked, ...]
    findings: tuple[PlacedFinding, ...]

    @property
    def is_fine(self) -> bool:
        return all(finding.level is not Level.ERROR for finding in self.findings)


def check(path: Path) -> CheckReport:
    """The layers of a project, or of an XML for the GPU plugin, and what is wrong with them.

    Raises:
        ProjectError: it is neither, it cannot be read, or the project has no op with a layer.
    """
    if path.is_dir():
        checked, findings = _of_project(path)
    else:
        layers, findings = read_layers(path)
        checked = [Checked(layer, assumed_use(layer)) for layer in layers]
    for one in checked:
        findings += check_layer(one.layer, one.use)
    return CheckReport(tuple(checked), tuple(sorted(set(findings), key=lambda finding: finding.where)))


def check_layer(layer: Layer, use: Use) -> list[PlacedFinding]:
    """What is wrong with one layer of the GPU plugin."""
    return [finding for rules in (check_bindings, check_sizes, check_kernel) for finding in rules(layer, use)]


def _of_project(root: Path) -> tuple[list[Checked], list[PlacedFinding]]:
    checked: list[Checked] = []
    findings: list[PlacedFinding] = []
    has_vpu = False
    for folder, op in load_project(root).described_ops():
        if layer := layer_of(op, folder):
            checked.append(Checked(layer, use_of(op), op))
        if op.vpu:
            has_vpu = True
            file = folder / "op.toml"
            findings += check_described(op, folder, Place(file, line_of(read_text(file), ["vpu"])))
    if not checked and not has_vpu:
        raise ProjectError("no op of this project has a GPU layer", where=root, fix="Add a table [gpu] to its op.toml.")
    return checked, findings
