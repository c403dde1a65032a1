"""Check layers against every rule, without a GPU or a compiler."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from ovext.errors import ProjectError
from ovext.findings import Level
from ovext.gpu.bindings import check_bindings
from ovext.gpu.from_op import assumed_use, layer_of, use_of
from ovext.gpu.kernel import check_kernel
from ovext.gpu.layer import in_use
from ovext.gpu.macros import check_macros
from ovext.gpu.mvcl_check import check_described
from ovext.gpu.options import check_options
from ovext.gpu.place import Place, error
from ovext.gpu.scratch import check_scratch
from ovext.gpu.sizes import check_sizes
from ovext.project import load_project
from ovext.project.forms import form_on_gpu

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ovext.gpu.layer import Layer, Use
    from ovext.gpu.place import PlacedFinding
    from ovext.project import OpDescription, Project


# Problems that the plugin has with a layer even if another replaces it: it reads each.
_WHEN_READ = {"source", "source-path", "size-syntax", "size-zero-division", "dim"}


@dataclass(frozen=True)
class Checked:
    """A layer, its use, the op description that it comes from, if any, and whether another layer replaces it."""

    layer: Layer
    use: Use
    op: OpDescription | None = None
    is_replaced: bool = False

    @cached_property
    def findings(self) -> list[PlacedFinding]:
        """What the rules find."""
        found = check_layer(self.layer, self.use)
        return [self._of_replaced(one) for one in found] if self.is_replaced else found

    def _of_replaced(self, finding: PlacedFinding) -> PlacedFinding:
        is_seen = finding.level is not Level.ERROR or finding.code in _WHEN_READ
        return finding if is_seen else replace(finding, level=Level.WARNING)


@dataclass(frozen=True)
class CheckReport:
    """All findings of a project or XML, in the order of its lines."""

    layers: tuple[Checked, ...]
    findings: tuple[PlacedFinding, ...]


def check(path: Path) -> CheckReport:
    """The layers of a project, of an output folder of `ovext build`, or of an XML, and the findings about them.

    Raises:
        ProjectError: the path is none of these, it cannot be read, or the project has no op with a layer.
    """
    built = sorted([*path.glob("gpu/*.xml"), *path.glob("vpu/*.xml")])
    if path.is_dir() and (not built or (path / "pyproject.toml").exists()):
        project = load_project(path)
        if not any(op.gpu or op.vpu for op in project.ops):
            fix = "Add a table [gpu] to its op.toml."
            raise ProjectError("no op of this project has a GPU layer", where=path, fix=fix)
        return _with_coverage(check_project(project))
    return _with_coverage(_with_rules(*_of_files(built or [path])))


def check_project(project: Project) -> CheckReport:
    """Every layer of a project, and the findings about them. The project may have no layers.

    Raises:
        ProjectError: a description cannot be read.
    """
    checked: list[Checked] = []
    findings: list[PlacedFinding] = []
    seen: dict[str, Place] = {}
    for op in project.ops:
        if layer := layer_of(op):
            form = form_on_gpu(op)
            checked.append(Checked(layer, use_of(form), form))
            if layer.op in seen:
                text = f"the plugin knows ops by their type alone, and {seen[layer.op]} has a layer for '{op.type}' too"
                findings.append(error("duplicate", layer.place, text, "Give one of them another type."))
            seen[layer.op] = layer.place
        if op.vpu:
            findings += check_described(op, Place(op.folder / "op.toml", op.line_of("vpu")))
    return _with_rules(checked, findings)


def check_layer(layer: Layer, use: Use) -> list[PlacedFinding]:
    """The findings about one layer of the GPU plugin."""
    all_rules = (check_bindings, check_sizes, check_scratch, check_kernel, check_macros)
    return [*check_options(layer), *(finding for rules in all_rules for finding in rules(layer, use))]


def _with_rules(checked: list[Checked], findings: list[PlacedFinding]) -> CheckReport:
    by_rules = [finding for one in checked for finding in one.findings]
    return CheckReport(tuple(checked), tuple(_once_in_each_file(sorted({*findings, *by_rules}, key=_order))))


def _with_coverage(report: CheckReport) -> CheckReport:
    """What the work items write, of layers that have no other errors. A build does not wait for this."""
    from ovext.gpu.coverage import check_coverage  # noqa: PLC0415  it reads the kernels as C

    sound = [one for one in report.layers if not any(found.level is Level.ERROR for found in one.findings)]
    found = check_coverage([(one.layer, one.use) for one in sound])
    return CheckReport(report.layers, tuple(sorted([*report.findings, *found], key=_order)))


def _once_in_each_file(findings: list[PlacedFinding]) -> Iterator[PlacedFinding]:
    """The findings, but of those that are true of most layers only the first in each file."""
    seen: set[Path] = set()
    for finding in findings:
        if finding.code != "blocked-input":
            yield finding
        elif finding.where.file not in seen:
            seen.add(finding.where.file)
            yield finding


def _order(finding: PlacedFinding) -> tuple[Place, str, str]:
    return finding.where, finding.code, finding.text


def _of_files(files: list[Path]) -> tuple[list[Checked], list[PlacedFinding]]:
    from ovext.gpu.read import read_layers  # noqa: PLC0415  a build reads no XML

    checked: list[Checked] = []
    findings: list[PlacedFinding] = []
    for file in files:
        if file.suffix == ".cl":
            raise ProjectError("this is a kernel, not its layer", where=file, fix="Name the XML or the project.")
        layers, said = read_layers(file)
        used = in_use(layers)
        checked += [Checked(layer, assumed_use(layer), is_replaced=used[layer.op] is not layer) for layer in layers]
        findings += said
    return checked, findings
