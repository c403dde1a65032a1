"""The GPU and VPU layers that go with a library: checked, then written beside it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ovext.build.manifest import LayerRecord
from ovext.errors import GateError
from ovext.findings import Level
from ovext.gpu.check import check_project
from ovext.gpu.emit import layer_files
from ovext.gpu.from_op import layer_of
from ovext.gpu.mvcl import vpu_files
from ovext.targets.openvino_version import OLDEST_WITH_SCRATCH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ovext.build.cmake_report import LibraryReport
    from ovext.gpu.layer import Layer
    from ovext.project import Project
    from ovext.targets.openvino_version import OpenVINOVersion

LayerFiles = dict[str, str]  # the text of each file, by its path in the output folder


def check_layers(
    project: Project, talk: Callable[[str], None], release: OpenVINOVersion | None = None
) -> dict[Path, Layer]:
    """Check every layer of the project before anything is compiled; returns them by the folders of their ops.

    Raises:
        GateError: a layer would fail on a GPU, or with this release of OpenVINO.
    """
    report = check_project(project)
    errors = [
        f"{buffer.place}: OpenVINO {release} has no scratch buffers. Build for {OLDEST_WITH_SCRATCH} or a newer one."
        for one in report.layers
        for buffer in one.layer.bound("internal")
        if release and release < OLDEST_WITH_SCRATCH
    ]
    for finding in report.findings:
        line = f"{finding.where}: {finding.text}. {finding.fix}"
        if finding.level is Level.ERROR:
            errors.append(line)
        elif finding.level is Level.WARNING:
            talk(line)
    if errors:
        problems = "".join(f"\n  - {line}" for line in errors)
        raise GateError(f"the GPU layers would fail in the plugin:{problems}", fix="See `ovext gpu check`.")
    return {one.op.folder: one.layer for one in report.layers if one.op}


def layers_for(report: LibraryReport, checked: Mapping[Path, Layer]) -> tuple[list[LayerRecord], LayerFiles]:
    """The layers of a library's ops, for each kind of device; `checked` comes from check_layers."""
    layers = [layer for op in report.described if (layer := checked.get(op.folder) or layer_of(op))]
    files = {"gpu": layer_files(report.library, layers) if layers else {}}
    files["vpu"] = vpu_files(report.library, report.described)
    precision = next((layer.precision for layer in layers if layer.precision), None)
    records = [_record(kind, texts, precision if kind == "gpu" else None) for kind, texts in files.items() if texts]
    return records, {f"{kind}/{name}": text for kind, texts in files.items() for name, text in texts.items()}


def _record(kind: str, texts: Mapping[str, str], precision: str | None) -> LayerRecord:
    hashes = {f"{kind}/{name}": hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    config = next(name for name in hashes if name.endswith(".xml"))
    return LayerRecord.model_validate({"kind": kind, "config": config, "files": hashes, "precision": precision})
